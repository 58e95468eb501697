"""`auditrules check`: judge a host by the benchmarks."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence
from functools import partial

from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.requirement import Fact
from auditrules.benchmarks.selection import (
    SelectionError,
    benchmark_called,
    controls_numbered,
    newest,
    newest_with,
)
from auditrules.benchmarks.services import Services
from auditrules.benchmarks.systems import applying
from auditrules.benchmarks.targets import installed
from auditrules.benchmarks.verdict_sql import of_control
from auditrules.check import check, exit_code
from auditrules.cli.command import Problem, add_benchmark, add_format, warn
from auditrules.cli.environment import Environment, add_host, database, in_environment, kept
from auditrules.cli.verdict_table import verdict_table
from auditrules.present import Format, present, verdicts
from auditrules.sql.result import QueryResult
from auditrules.tables import HostView
from auditrules.text import visible

DOCKER = "cis-docker"
_WIDTH = 100  # columns of running text
_INDENT = " " * 6

CATALOGUE = (
    "assessment", "description", "rationale", "impact", "default_value", "mappings", "links", "notes",
)  # fmt: skip
"""The columns of `audit_controls` that --explain adds to each verdict in JSON, CSV and lines."""

_EPILOG = """\
examples:
  auditrules check                                     this host, by the newest benchmarks for its system
  auditrules check --control 1.2.3 --explain           one control: why it matters, and what it says here
  auditrules check --benchmark cis-docker:1.2.0        another version
  auditrules check --kernel listing.txt                a saved "auditctl -l"
  auditrules check --root /mnt/image --details         the files of another host, with all evidence

exit codes: 0 nothing fails, 1 a control fails, 2 it could not be run, 3 none fails but one is unknown
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = _EPILOG
    add_host(parser)
    add_format(parser)
    add_benchmark(parser, "default: the newest version of each benchmark that applies to the host")
    parser.add_argument("--details", action="store_true", help="print evidence and remediation of every control")
    parser.add_argument(
        "--explain", action="store_true", help="print, too, what the benchmark says of each control and why"
    )
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    host = kept(options, environment)
    for_this = partial(for_host, host, numbered=bool(options.control))
    controls = chosen(environment.benchmarks, options.benchmark, options.control, for_this)
    with database(options, environment, host) as tables:
        result = check(controls, tables.query)
        form = Format(options.format)
        if options.explain and form is not Format.TABLE:
            result = _with_catalogue(result, controls, tables.query)
    if form is not Format.TABLE:
        return present(result, form), exit_code(result)
    text = (
        verdicts(result, options.width) if options.details or options.explain else verdict_table(result, options.width)
    )
    about = "".join(map(_explained, controls)) if options.explain else ""
    return about + text, exit_code(result)


def chosen(
    benchmarks: Sequence[Benchmark],
    names: Sequence[str],
    ids: Sequence[str],
    applying_to_host: Callable[[Sequence[Benchmark]], Sequence[Benchmark]],
) -> list[BenchmarkControl]:
    """The controls that somebody wants.

    Without a name, a number means the newest version that has it of what applies to the host; without both, the newest
    versions of what applies are meant. Raises Problem if there is no such benchmark or control.
    """
    try:
        if names:
            return controls_numbered(ids, list(dict.fromkeys(benchmark_called(name, benchmarks) for name in names)))
        here = applying_to_host(benchmarks)
        if not ids:
            return controls_numbered((), list(newest(here).values()))
        return [each for one in dict.fromkeys(ids) for each in controls_numbered([one], [newest_with(one, here)])]
    except SelectionError as error:
        raise Problem(str(error)) from error


def _with_catalogue(
    result: QueryResult, controls: Sequence[BenchmarkControl], query: Callable[[str], QueryResult]
) -> QueryResult:
    """The verdicts, each with the cells of `audit_controls` that explain the control."""
    known = [
        query(f"SELECT {', '.join(CATALOGUE)} FROM audit_controls WHERE {of_control(control)}").rows[0]  # noqa: S608 - ours
        for control in controls
    ]
    rows = (row + cells for row, cells in zip(result.rows, known, strict=True))
    return QueryResult((*result.columns, *CATALOGUE), tuple(rows))


def for_host(host: HostView, benchmarks: Sequence[Benchmark], *, numbered: bool) -> Sequence[Benchmark]:
    """Those benchmarks that are for a host and that nobody has to ask for by name.

    Where its controls are asked for by number, what is for Docker counts without a Docker daemon, too. Where it is not
    known which system the host is, that is told, and only what is for any system counts.
    """
    system = host.facts({Fact.SYSTEM}).system or OsRelease(error="which system this is is not known")
    for_this = applying(benchmarks, system)
    wanted = [
        each
        for each in benchmarks
        if each.key in for_this and not each.by_request and not (each.instead_of_none and system.error)
    ]
    if system.error and not numbered and any(each.systems for each in benchmarks):
        warn(f"{system.error}: no benchmark for an operating system is judged; name one with --benchmark")
    if numbered or installed(host.facts({Fact.DOCKER}).docker or Services()) is not False:
        return wanted
    return [each for each in wanted if each.short_name != DOCKER] or wanted


def _explained(control: BenchmarkControl) -> str:
    """A paragraph for each thing that is known of the control; what is empty is left out."""
    heading = f"{control.benchmark} {control.version}  {control.id}  {control.title}\n"
    texts = {
        "description": control.description,
        "rationale": control.rationale,
        "impact": control.impact,
        "default": control.default_value,
        "level": f"{control.level} ({control.assessment.value})",
        "mappings": ", ".join(control.mappings),
        "links": "\n".join(control.links),
        "notes": "\n".join(control.notes),
    }
    width = max(map(len, texts))
    return heading + "".join(_paragraph(name, text, width) for name, text in texts.items() if text) + "\n"


def _paragraph(name: str, text: str, width: int) -> str:
    lines = [
        line
        for part in text.split("\n")
        for line in textwrap.wrap(visible(part), _WIDTH, break_long_words=False) or [""]
    ]
    names = [name.ljust(width), *[" " * width] * (len(lines) - 1)]
    return "".join(f"{_INDENT}{label}  {line}\n" for label, line in zip(names, lines, strict=True))
