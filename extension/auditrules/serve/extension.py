"""The program that osquery starts: it registers the tables, answers queries, and exits when osquery does."""

from __future__ import annotations

import argparse
import logging
import math
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from threading import Thread

from auditrules import __version__
from auditrules.serve import lifecycle
from auditrules.serve.exchange_limits import ThreadLoad
from auditrules.serve.lifecycle import Exit, ExtensionExit, ShutdownEvent, UsageError
from auditrules.serve.sockets import LONGEST_PATH, listening, sweep
from auditrules.serve.wire import NAME, CoreClient, accept
from auditrules.tables import SCHEMAS
from auditrules.values import dataclass, replace

TYPE_CHECKING = False  # importing typing's would make osquery wait longer for the registration
if TYPE_CHECKING:
    from auditrules.plugin.schema import Schema
    from auditrules.plugin.table import Table

# Enough for a few stuck peers and osquery's own callers: scheduler, distributed queries, watcher.
THREADS = 8

# Seconds after which a thread that computes lets another one go first: a ping takes a few such turns.
SWITCH_INTERVAL = 0.001

ROOT, KERNEL = "/", "auto"  # the defaults of --root and --kernel, with which osquery starts us

USAGE = 2  # as argparse exits

_DESCRIPTORS = "/proc/self/fd"
_STDERR = 2

_log = logging.getLogger("auditrules")


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments that osquery gives to an extension. Times are in seconds."""

    socket: str
    timeout: float = 3.0  # to wait for osquery's socket
    interval: float = 3.0  # between checks that osquery runs and still lists us


def serve(schemas: Sequence[Schema], tables: Callable[[], Sequence[Table]], options: Options) -> Exit:
    """Register the tables with osquery and answer its queries, until we are asked to stop or osquery ends.

    `tables` gives the tables of the schemas; it is called after the registration. `serve` runs in the main thread of a
    process of its own: it handles SIGTERM and SIGINT, and its threads end with the process.
    """
    stop = ShutdownEvent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _serve(schemas, tables, options, stop)
    except ExtensionExit as end:
        if end.code is not Exit.STOPPED:
            _log.error("%s (%s)", end, options.socket)
        return end.code
    return Exit.STOPPED


def _serve(
    schemas: Sequence[Schema], tables: Callable[[], Sequence[Table]], options: Options, stop: ShutdownEvent
) -> None:
    if len(os.fsencode(options.socket)) > LONGEST_PATH:
        raise ExtensionExit(
            Exit.NOT_SERVING,
            f"expected a socket path of at most {LONGEST_PATH} bytes: the extension's own socket stands beside it, "
            "its name up to seven bytes longer, and Linux allows 107",
        )
    parent = os.getppid()
    core = CoreClient(options.socket, schemas)
    lifecycle.wait(core, options.timeout, stop)
    uuid = lifecycle.register(core, max(lifecycle.DUPLICATE_WAIT, 2 * options.interval), stop)
    # We end without a deregistration, which can hang osquery for good: osquery then drops the tables, and so does its
    # watcher when it finds our socket gone, and each may wait for the other (osquery issue 8096).
    from auditrules.serve.handler import Handler  # noqa: PLC0415 - osquery need not wait for it, nor for backing

    with listening(f"{options.socket}.{uuid}") as listener:
        names = ", ".join(schema.name for schema in schemas)
        _log.info("version %s serves %s at %s.%d", __version__, names, options.socket, uuid)
        handler = Handler(tables(), uuid)
        Thread(target=handler.look, daemon=True).start()
        load = ThreadLoad(listener, THREADS)
        for _ in range(THREADS):
            Thread(target=accept, args=(listener, handler, stop, load), daemon=True).start()
        sweep(options.socket)
        lifecycle.watch(core, uuid, options.interval, parent, stop)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the extension as osquery starts it, and return its exit code."""
    arguments, unknown = _parser().parse_known_args(argv)
    _close_inherited()
    level = logging.DEBUG if arguments.verbose else logging.INFO
    logging.basicConfig(stream=sys.stderr, format=f"{NAME}: %(message)s", level=level)
    if unknown:  # osquery passes a few flags to every extension, and a newer one may pass more
        _log.warning("flags without a meaning here: %s", " ".join(unknown))
    sys.setswitchinterval(SWITCH_INTERVAL)
    schemas = [replace(schema, name=arguments.table_prefix + schema.name) for schema in SCHEMAS]
    tables = lru_cache(partial(_tables, schemas, arguments.root, arguments.kernel))
    try:
        if (arguments.root, arguments.kernel) != (ROOT, KERNEL):  # if they are wrong, say so before anything else
            tables()
    except UsageError as error:
        _log.error("%s", error)
        return USAGE
    return serve(schemas, tables, Options(arguments.socket, arguments.timeout, arguments.interval))


def _close_inherited() -> None:
    """Close all descriptors beyond stderr that we have inherited from the process that started us.

    One of them is osqueryd's locked pidfile. If we kept it, an osqueryd that was killed could not start again.
    """
    try:
        highest = max(map(int, os.listdir(_DESCRIPTORS)))
    except OSError:  # no /proc
        highest = os.sysconf("SC_OPEN_MAX")
    kept = _modules_descriptor(__file__)
    if kept is not None and kept > _STDERR:
        os.closerange(_STDERR + 1, kept)
        os.closerange(kept + 1, highest + 1)
    else:
        os.closerange(_STDERR + 1, highest + 1)


def _modules_descriptor(module: str) -> int | None:
    """The descriptor of the archive that holds this module (tools/release/archive.py); None: it is in no archive."""
    found = re.match(rf"{_DESCRIPTORS}/([0-9]+)/", module)
    return int(found[1]) if found else None


def _tables(schemas: Sequence[Schema], root: str, kernel: str) -> Sequence[Table]:
    from auditrules.serve import backing  # noqa: PLC0415 - it says why

    # Import it now, as an upgrade may replace the module's file later.
    if _modules_descriptor(__file__) is None:
        import auditrules.tables.on_request  # noqa: PLC0415, F401

    return backing.tables(schemas, root, kernel)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="auditrules.ext",
        description="The audit rules of this host as tables of osquery, which starts this program itself: "
        "osqueryi --extension auditrules.ext --extensions_require auditrules",
        allow_abbrev=False,
    )
    parser.add_argument("--socket", required=True, metavar="PATH", help="osquery's extension socket")
    parser.add_argument("--timeout", type=_seconds, default=3.0, metavar="SECONDS", help="wait so long for the socket")
    parser.add_argument("--interval", type=_seconds, default=3.0, metavar="SECONDS", help="look after osquery so often")
    parser.add_argument("--verbose", action="store_true", help="say more on stderr, tracebacks included")
    parser.add_argument("--root", default=ROOT, metavar="DIR", help="read this root instead of the host's")
    parser.add_argument(
        "--kernel", default=KERNEL, metavar="READER", help="auto, netlink, auditctl, none, or a saved listing"
    )
    parser.add_argument(
        "--table-prefix",
        type=_prefix,
        default="",
        metavar="WORD",
        help="put this before each table's name, where another extension has tables of the same names",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _prefix(text: str) -> str:
    if re.fullmatch(r"(?:[a-z][a-z0-9_]*)?", text):
        return text
    raise argparse.ArgumentTypeError(f"expected lower-case letters, digits and _, found {text!r}")


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 <= (seconds := float(text)) < math.inf:
            return seconds
    raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text!r}")
