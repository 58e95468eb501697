"""The command line: read a host, put its tables into SQLite, run queries, print what they say."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

from auditrules import __version__
from auditrules.audit.sources import Sources
from auditrules.benchmarks import CONTROLS
from auditrules.check import CheckError, Control, check, exit_code
from auditrules.host import Host, HostError
from auditrules.host.surroundings import Surroundings as RealSurroundings
from auditrules.plugin.table import Table
from auditrules.present import Format, present, verdicts, visible
from auditrules.sql.error import SqlError
from auditrules.sql.standins import Surroundings, stand_ins
from auditrules.tables import build

if TYPE_CHECKING:
    from auditrules.sql.database import Database

NAME = "auditrules"

_PROBLEM = 2
_INTERRUPTED = 130  # 128 + SIGINT, as a shell has it
_BROKEN_PIPE = 141  # 128 + SIGPIPE

_NO_APSW = "the Python package apsw is not there: pip install 'osquery-audit-rules[sql]'"
_RAW = argparse.RawDescriptionHelpFormatter

_DESCRIPTION = "What is audited on this host, as SQL."
_EPILOG = """\
examples:
  auditrules check
  auditrules query "SELECT source, path, permissions, keys FROM audit_rules"

"auditrules COMMAND --help" says more.
"""
_CHECK_EPILOG = """\
examples:
  auditrules check                              this host, as text
  auditrules check --control 1.2.3 --format json
  auditrules check --kernel listing.txt         a saved "auditctl -l"
  auditrules check --root /mnt/image            the files of another host

exit codes: 0 nothing fails, 1 a control fails, 2 it could not be run, 3 none fails but one is unknown
"""
_QUERY_EPILOG = """\
examples:
  auditrules query "SELECT * FROM audit_status" --format line
  auditrules query "SELECT path, permissions, keys FROM audit_rules WHERE source = 'kernel'"
  auditrules query "SELECT name FROM osquery_registry"    the tables there are

exit codes: 0 the query ran, 2 it did not
"""


class Collector(Protocol):
    """A host that can be read."""

    def sources(self) -> Sources:
        """Read it once."""


@dataclass(frozen=True, slots=True)
class World:
    """What the commands stand on: how a host is read, how that becomes tables, and which controls there are."""

    host: Callable[[str, str], Collector] = Host
    build: Callable[[Callable[[], Sources]], tuple[Table, ...]] = build
    surroundings: Callable[[str], Surroundings] = RealSurroundings
    controls: Sequence[Control] = CONTROLS


class _Problem(Exception):  # noqa: N818 - not of the program, but of what it was asked
    """Something that keeps a command from answering; the message is for the person who ran it."""


def main(
    argv: Sequence[str] | None = None,
    *,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    world: World | None = None,
) -> int:
    """Run a command: the result goes to `stdout`, problems go to `stderr`. Returns the exit code."""
    out, err = stdout or sys.stdout, stderr or sys.stderr
    try:
        with redirect_stdout(out), redirect_stderr(err):
            options = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else _PROBLEM
    run: Callable[[argparse.Namespace, World], tuple[str, int]] = options.run
    try:
        text, code = run(options, world or World())
        _write(text, out)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # who read has gone, as in `auditrules query ... | head`
        _abandon(out)
        return _BROKEN_PIPE
    except (_Problem, HostError, SqlError, CheckError) as error:
        first, *others = (visible(line) for line in str(error).split("\n"))
        _write("\n".join([f"{NAME}: {first}", *others, ""]), err)
        return _PROBLEM
    except Exception:  # noqa: BLE001 - Python's own exit code for a bug, 1, would read as the verdict of a check
        _write(traceback.format_exc(), err)
        return _PROBLEM
    return code


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--root", metavar="DIR", default="/", help="root folder of the host to read (default: /)")
    shared.add_argument(
        "--kernel",
        metavar="auto|netlink|auditctl|none|FILE",
        default="auto",
        help="whom to ask for the loaded rules: the kernel itself over netlink, auditctl, nobody, or FILE, a saved "
        "`auditctl -l`, or one followed by `auditctl -s` (default: auto, which is netlink, then auditctl; under "
        "another root nobody)",
    )
    shared.add_argument(
        "--format", choices=[form.value for form in Format], default=Format.TABLE.value, help="default: table"
    )
    parser = argparse.ArgumentParser(
        NAME, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=_RAW, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    judge = "judge this host by the benchmarks"
    checking = commands.add_parser(
        "check",
        help=judge,
        description=f"{judge.capitalize()}.",
        epilog=_CHECK_EPILOG,
        formatter_class=_RAW,
        parents=[shared],
        allow_abbrev=False,
    )
    checking.add_argument(
        "--control", metavar="ID", action="append", default=[], help="only this one; may be given more than once"
    )
    checking.set_defaults(run=_check)

    select = "run one SELECT on the tables"
    querying = commands.add_parser(
        "query",
        help=select,
        description=f"{select.capitalize()}.",
        epilog=_QUERY_EPILOG,
        formatter_class=_RAW,
        parents=[shared],
        allow_abbrev=False,
    )
    querying.add_argument("sql", metavar="SQL", help="the query, as SQLite understands it")
    querying.set_defaults(run=_query)
    return parser


def _query(options: argparse.Namespace, world: World) -> tuple[str, int]:
    with _database(options, world) as database:
        return present(database.query(options.sql), Format(options.format)), 0


def _check(options: argparse.Namespace, world: World) -> tuple[str, int]:
    controls = _chosen(world.controls, options.control)
    with _database(options, world) as database:
        result = check(controls, database.query)
    form = Format(options.format)
    return verdicts(result) if form is Format.TABLE else present(result, form), exit_code(result)


def _chosen(controls: Sequence[Control], ids: Sequence[str]) -> Sequence[Control]:
    known = list(dict.fromkeys(control.id for control in controls))
    unknown = [each for each in ids if each not in known]
    if unknown:
        raise _Problem(f"expected a control out of {', '.join(known)}, found {', '.join(unknown)}")
    return [control for control in controls if not ids or control.id in ids]


def _database(options: argparse.Namespace, world: World) -> Database:
    """Read the host once, so that whatever is asked sees one moment of it."""
    try:
        from auditrules.sql.database import Database  # noqa: PLC0415 - the one thing that is not there in every installation
    except ImportError as error:
        if error.name != "apsw":
            raise
        raise _Problem(_NO_APSW) from error
    sources = world.host(options.root, options.kernel).sources()
    tables = world.build(lambda: sources)
    return Database([*tables, *stand_ins(world.surroundings(options.root), NAME, __version__, tables)])


def _write(text: str, stream: TextIO) -> None:
    """Write and flush; what the stream's encoding lacks becomes an escape."""
    encoding = stream.encoding or "utf-8"  # None: a stream of text that is not encoded at all
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _abandon(stream)
        raise _Problem(f"cannot write the result: {error.strerror}") from error


def _abandon(stream: TextIO) -> None:
    """Let what the stream still holds go nowhere: Python writes it at exit, and would fail once more."""
    with suppress(io.UnsupportedOperation):  # there is no file behind it
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
