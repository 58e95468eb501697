"""Shared by the commands that read a host: their options, the readers of the host, and a database of its tables."""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING

from auditrules import __version__
from auditrules.audit.constants.kernel_releases import release_of
from auditrules.audit.model.collected import File
from auditrules.benchmarks import Benchmark
from auditrules.benchmarks.catalogue import Catalogue
from auditrules.benchmarks.site import site_catalogue
from auditrules.check import CheckError
from auditrules.cli.command import NAME, CommandOutput, Problem, warn
from auditrules.host import Collector, Host, HostError, KeptHost
from auditrules.host.assumed import AssumedHost
from auditrules.host.kernel import is_saved
from auditrules.host.site import read_named
from auditrules.host.surroundings import HostSurroundings
from auditrules.plugin.table import Table
from auditrules.sql.error import SqlError
from auditrules.sql.standins import Surroundings, stand_ins
from auditrules.tables import HostView, build
from auditrules.values import dataclass

if TYPE_CHECKING:
    from auditrules.doctor import OsqueryAnswer
    from auditrules.host.installation import Setup
    from auditrules.sql.database import Database

_NO_APSW = "the Python package apsw is not there: pip install 'apsw>=3.42', or the distribution's package python3-apsw"


def ask_osquery(path: str) -> OsqueryAnswer:
    """Ask osquery at a socket for its extensions and flags. The listener must be root or the user of the command."""
    # Imported here and in `read_setup`, as other commands start sooner without them.
    from auditrules.doctor import OsqueryAnswer  # noqa: PLC0415
    from auditrules.serve.lifecycle import ConnectionFailed  # noqa: PLC0415
    from auditrules.serve.wire import CoreClient  # noqa: PLC0415

    core = CoreClient(path, (), owners={0, os.geteuid()})
    try:
        return OsqueryAnswer(extensions=core.versions(), options=core.options())
    except ConnectionFailed as error:
        return OsqueryAnswer(error=str(error))


def read_setup(root: str) -> Setup:
    """Prepare to read how osquery and the extension are installed under a root."""
    from auditrules.host.installation import Setup  # noqa: PLC0415

    return Setup(root)


def read_host(root: str, kernel: str, release: str) -> Host:
    """The host under a root, with the reader of its kernel's rules. `release`: its kernel's; empty: the one found."""
    return Host(root, kernel, release=release)


@dataclass(frozen=True, slots=True)
class Environment:
    """The functions that read a host, build its tables, and ask osquery. Tests replace them."""

    host: Callable[[str, str, str], Collector] = read_host
    listing: Callable[[str, str], Collector] = AssumedHost
    build: Callable[..., tuple[Table, ...]] = build  # as `tables.build` is called
    surroundings: Callable[[str], Surroundings] = HostSurroundings
    benchmarks: Sequence[Benchmark] | None = None  # None: those of the host's catalogue
    setup: Callable[[str], Setup] = read_setup
    ask: Callable[[str], OsqueryAnswer] = ask_osquery


def in_environment(
    run: Callable[[argparse.Namespace, Environment], CommandOutput],
) -> Callable[[argparse.Namespace, Environment | None], CommandOutput]:
    """Decorate the function of a command: it gets the real environment if none is given, and its errors are Problem."""

    @wraps(run)
    def run_command(options: argparse.Namespace, environment: Environment | None) -> CommandOutput:
        try:
            return run(options, environment or Environment())
        except (HostError, SqlError, CheckError) as error:
            raise Problem(str(error)) from error

    return run_command


def add_site(parser: argparse.ArgumentParser) -> None:
    """Add the option --benchmarks: a folder with a site's own benchmarks."""
    parser.add_argument(
        "--benchmarks",
        metavar="DIR",
        default="",
        help="a folder with benchmarks of your own, and changes to others, beside those of "
        "/etc/osquery-audit-rules/benchmarks.d",
    )


def benchmarks_here(options: argparse.Namespace, environment: Environment) -> Sequence[Benchmark]:
    """The benchmarks that we ship, those of this machine's site, and those of the folder of --benchmarks."""
    return catalogue_of(
        environment, lambda: (*environment.host("/", "none", "").site(), *named_files(options))
    ).benchmarks


def named_files(options: argparse.Namespace) -> tuple[File, ...]:
    """The files of the folder of --benchmarks; none without this option."""
    return read_named(options.benchmarks) if getattr(options, "benchmarks", "") else ()


def catalogue_of(environment: Environment, site: Callable[[], tuple[File, ...]]) -> Catalogue:
    """The benchmarks that we ship and those of a site's files. Warns about files that are left out."""
    if environment.benchmarks is not None:
        return Catalogue(tuple(environment.benchmarks))
    catalogue = site_catalogue(site())
    for each in catalogue.left_out:
        warn(f"left out: {each.error}")
    return catalogue


def add_host(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which host is read."""
    parser.add_argument(
        "--root",
        metavar="DIR",
        default="",
        help="root folder of the host to read (default: /; with a saved listing none, as it is another host's: the "
        "benchmarks' own paths are taken to be there)",
    )
    parser.add_argument(
        "--kernel",
        metavar="auto|netlink|auditctl|none|FILE",
        default="auto",
        help="whom to ask for the loaded rules: the kernel itself over netlink, auditctl, nobody, or FILE, a saved "
        "`auditctl -l`, or one followed by `auditctl -s`, `-` for standard input (default: auto, which is netlink, "
        "then auditctl; under "
        "another root nobody)",
    )
    parser.add_argument(
        "--kernel-release",
        metavar="RELEASE",
        default="",
        type=_release,
        help="release of the kernel to judge for, such as 6.12 (default: this machine's; under another root, the "
        "newest that has modules there; of a saved listing it is not known)",
    )


def _release(text: str) -> str:
    if text and release_of(text) is None:
        raise argparse.ArgumentTypeError(f"expected a release such as 6.12 or 5.15.0-204-generic, found {text!r}")
    return text


def keep_host(
    options: argparse.Namespace,
    environment: Environment,
    change_host: Callable[[Collector], Collector] = lambda collector: collector,
) -> KeptHost:
    """Read the host once. Raises HostError here, as the error of a query would say less.

    `change_host` makes the host that is judged from the one that is read, for example with other rules.
    """
    if not options.root and is_saved(options.kernel):
        collector: Collector = environment.listing(options.kernel, options.kernel_release)
    else:
        collector = environment.host(options.root or "/", options.kernel, options.kernel_release)
    host = KeptHost(change_host(collector), time.monotonic, math.inf, named_files(options))
    host.audit()
    return host


def database(
    options: argparse.Namespace, environment: Environment, host: HostView | None = None, *, at_boot: bool = False
) -> Database:
    """The tables of a host that is read once, so that all queries see the same moment. `at_boot`: as in `build`."""
    database = _sql()
    host = host or keep_host(options, environment)
    tables = environment.build(host, at_boot=True) if at_boot else environment.build(host)
    return database([*tables, *stand_ins(environment.surroundings(options.root or "/"), NAME, __version__, tables)])


def _sql() -> type[Database]:
    try:
        from auditrules.sql.database import Database  # noqa: PLC0415 - not every installation has apsw
    except ImportError as error:
        if error.name != "apsw":
            raise
        raise Problem(_NO_APSW) from error
    return Database
