"""`auditrules check`: judge a host by the benchmarks."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence

from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.selection import (
    SelectionError,
    benchmark_called,
    controls_numbered,
    newest,
    newest_with,
)
from auditrules.benchmarks.verdict_sql import of_control
from auditrules.check import check, exit_code
from auditrules.cli.command import Problem, add_benchmark, add_format
from auditrules.cli.environment import Environment, add_host, database, in_environment
from auditrules.cli.verdict_table import verdict_table
from auditrules.present import Format, present, verdicts
from auditrules.sql.result import QueryResult
from auditrules.text import visible

_WIDTH = 100  # columns of running text
_INDENT = " " * 6

CATALOGUE = (
    "assessment", "description", "rationale", "impact", "default_value", "mappings", "links", "notes",
)  # fmt: skip
"""The columns of `audit_controls` that --explain adds to each verdict in JSON, CSV and lines."""

_EPILOG = """\
examples:
  auditrules check                                     this host, by the newest benchmarks
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
    add_benchmark(parser, "default: the newest version of each benchmark")
    parser.add_argument("--details", action="store_true", help="print evidence and remediation of every control")
    parser.add_argument(
        "--explain", action="store_true", help="print, too, what the benchmark says of each control and why"
    )
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    controls = chosen(environment.benchmarks, options.benchmark, options.control)
    with database(options, environment) as tables:
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


def chosen(benchmarks: Sequence[Benchmark], names: Sequence[str], ids: Sequence[str]) -> list[BenchmarkControl]:
    """The controls that somebody wants.

    Without a name, a number means the newest version that has it; without both, the newest versions are meant.
    Raises Problem if there is no such benchmark or control.
    """
    try:
        if names:
            return controls_numbered(ids, list(dict.fromkeys(benchmark_called(name, benchmarks) for name in names)))
        if not ids:
            return controls_numbered((), list(newest(benchmarks).values()))
        return [each for one in dict.fromkeys(ids) for each in controls_numbered([one], [newest_with(one, benchmarks)])]
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


def _explained(control: BenchmarkControl) -> str:
    """A paragraph for each thing that is known of the control; what is empty is left out."""
    heading = f"{control.benchmark} {control.version}  {control.id}  {control.title}\n"
    texts = {
        "description": control.subject.description,
        "rationale": control.subject.rationale,
        "impact": control.impact,
        "default": control.default_value,
        "level": f"{control.level} ({control.assessment.value})",
        "mappings": ", ".join(control.mappings),
        "links": "\n".join(control.references),
        "notes": "\n".join(control.disagreements),
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
