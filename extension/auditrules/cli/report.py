"""`auditrules report`: reads the result logs of a fleet and reports which hosts pass which controls."""

from __future__ import annotations

import argparse
import gc
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from auditrules.cli.atomic_file import AtomicFile
from auditrules.cli.command import Problem, add_benchmark
from auditrules.cli.time_options import duration, moment, window
from auditrules.status import Status
from auditrules.text import visible

if TYPE_CHECKING:
    from auditrules.cli.command import CommandOutput
    from auditrules.report.model import Report

_EPILOG = """\
PATH is a log of osqueryd (results, snapshots or status), also rotated and packed (.gz, .zst), a directory of them, a
glob, an export of Fleet (JSON or CSV), or - for standard input.

examples:
  auditrules report /var/log/osquery                       this host's own logs
  auditrules report /srv/osquery --inventory hosts.csv     and which hosts of the inventory do not report
  auditrules report osquery_result --html report.html      Fleet's filesystem log, as a page
  auditrules report /srv/osquery --store ~/osquery-store   the next time only what is new is read
  zcat logs.gz | auditrules report - --format ocsf         lines for a SIEM
  auditrules report /srv/osquery --fail-on fail,unknown,unread

exit codes: 0, 1 with --fail-on fail if a verdict fails that is not waived, 2 the report could not be made,
3 with --fail-on unknown if one is unknown that is not waived, 4 with --fail-on unread if a line or a file could not be
read, which may have held verdicts
"""

_SUMMARY = "summary"
_FORMATS = (_SUMMARY, "json", "csv", "ocsf", "junit", "oscal")
_ENGINES = ("duckdb", "spark")
_UNREAD = "unread"
_FAILURES = {
    Status.FAIL.value: 1,
    Status.UNKNOWN.value: 3,
    _UNREAD: 4,
}  # the first one in --fail-on that occurs decides
_WIDTH = 120  # columns without a terminal
_EXTRAS = {"pyspark": "spark", "sqlglot": "spark"}  # any other package that may be missing is in the extra "report"
_OURS = "auditrules"


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument("paths", metavar="PATH", nargs="*", help="a log, a directory, a glob, or - (see below)")
    parser.add_argument(
        "--max-age",
        metavar="AGE",
        type=duration,
        default=26 * 3600,
        help="results expire after so long, and are unknown then: 90m, 26h, 7d (default: 26h)",
    )
    parser.add_argument("--inventory", metavar="FILE.csv", help="the hosts that should report")
    parser.add_argument("--waivers", metavar="FILE.toml", help="failures that somebody accepts for a time")
    parser.add_argument(
        "--group-by", metavar="COLUMN", default="", help="a decoration of the logs, or a column of the inventory"
    )
    add_benchmark(parser, "default: all that the logs hold")
    parser.add_argument(
        "--family",
        metavar="NAME",
        action="append",
        default=[],
        help="only controls that are about this, such as identity or time_change; repeatable",
    )
    parser.add_argument(
        "--level",
        metavar="LEVEL",
        action="append",
        default=[],
        help="only controls of this level, such as L1, 'L1 server' or 'CAT I'; repeatable",
    )
    parser.add_argument(
        "--host", metavar="GLOB", action="append", default=[], help="only hosts so called; may be given more than once"
    )
    parser.add_argument(
        "--since", metavar="TIME", type=moment, help="where changes and the trend begin (default: where the logs do)"
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        type=moment,
        help="the moment for which the report is made; what was logged later is left out (default: now). "
        "TIME is UTC, as 2026-11-23 or 2026-11-23T12:00, or an age such as 7d",
    )
    parser.add_argument(
        "--store",
        metavar="DIR",
        help="keep there what was read, and read only what is new; or, with --engine spark and no PATH, the address of "
        "a store that Spark reads, such as s3a://bucket/store",
    )
    parser.add_argument(
        "--compact",
        action="store_true",
        help="make one file of those of each day of the store; with very many small ones this is done unasked",
    )
    parser.add_argument(
        "--engine", choices=_ENGINES, default=_ENGINES[0], help="what runs the queries (default: duckdb)"
    )
    parser.add_argument("--format", choices=_FORMATS, default=_SUMMARY, help="default: summary")
    parser.add_argument("--html", metavar="FILE", help="write a page, too")
    parser.add_argument(
        "--fail-on",
        metavar="STATUS",
        type=_statuses,
        default=(),
        help="fail, unknown, unread, or several with commas: exit with 1, 3 or 4 if there is one; unread is a line or "
        "a file that could not be read",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, _world: object) -> CommandOutput:
    try:
        with _uncollected(), _ending_on_signals():
            return _reported(options)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package in (_OURS, ""):
            raise
        extra = _EXTRAS.get(package, "report")
        raise Problem(
            f"the Python package {package} is not there: in a clone, pip install '.[{extra}]' (docs/operation.md)"
        ) from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turn the garbage collector off: a report has many values, and none of them is part of a cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """End on SIGTERM and the like as on Ctrl-C, so that workers end and the temporary folder is removed."""

    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = {}
    if threading.current_thread() is threading.main_thread():  # only this thread can set handlers
        before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _reported(options: argparse.Namespace) -> CommandOutput:
    from auditrules.report.errors import ReportError  # noqa: PLC0415 - the report is not in every installation
    from auditrules.report.inputs import ReportRequest, read_inventory, read_waivers  # noqa: PLC0415
    from auditrules.report.pipeline import compact_store, make_report  # noqa: PLC0415
    from auditrules.report.present.progress import progress  # noqa: PLC0415

    if not options.paths and "://" not in (options.store or ""):
        raise Problem("the following arguments are required: PATH")
    if options.compact and (options.store is None or "://" in options.store):
        raise Problem("expected --store with a folder beside --compact")
    page = None if options.html is None else AtomicFile(options.html)
    now = int(time.time())
    since, until = window(options, now)
    try:
        waived, problems = read_waivers(options.waivers) if options.waivers else ((), ())
        request = ReportRequest(
            now=now,
            until=until,
            since=since,
            max_age=options.max_age,
            benchmarks=tuple(options.benchmark),
            controls=tuple(options.control),
            families=tuple(options.family),
            levels=tuple(options.level),
            hosts=tuple(options.host),
            grouped_by=options.group_by,
            inventory=read_inventory(options.inventory) if options.inventory else None,
            waivers=waived,
            problems=problems,
        )
        bar = partial(progress, sys.stderr, "reading")
        report = make_report(options.paths, request, store=options.store, engine=options.engine, progress=bar)
        if options.compact:
            compact_store(options.store)
    except ReportError as error:
        raise Problem(str(error)) from error
    if not report.hosts:
        if not report.reading.files and not report.reading.unreadable and options.paths:
            raise Problem(f"expected logs, found no file in {', '.join(map(visible, options.paths))}")
        raise Problem("\n".join(report.notes))
    if page is not None:
        from auditrules.report.present.html import render  # noqa: PLC0415 - the report is not in every installation

        page.write(render(report))
    return _text(report, options.format), _exit_code(report, options.fail_on)


def _text(report: Report, form: str) -> str | Iterable[str]:
    if form == _SUMMARY:
        from auditrules.report.present.terminal import render  # noqa: PLC0415 - the report is not in every installation

        shown = sys.stdout is not None and sys.stdout.isatty()
        return render(report, shutil.get_terminal_size((_WIDTH, 0)).columns if shown else _WIDTH, colour=shown)
    from auditrules.report.present.formats import write  # noqa: PLC0415

    return write(report, form)


def _exit_code(report: Report, fail_on: Sequence[str]) -> int:
    if not fail_on:
        return 0
    found = {verdict.status.value for verdict in report.verdicts if not verdict.waived}
    if {host.key for host in report.hosts} - {verdict.host for verdict in report.verdicts}:
        found.add(Status.UNKNOWN.value)  # for a host without any verdict
    if report.reading.unread:
        found.add(_UNREAD)
    return next((code for status, code in _FAILURES.items() if status in fail_on and status in found), 0)


def _statuses(text: str) -> tuple[str, ...]:
    found = tuple(text.split(","))
    strange = [each for each in found if each not in _FAILURES]
    if strange:
        raise argparse.ArgumentTypeError(f"expected fail, unknown or unread, found {strange[0]!r}")
    return found
