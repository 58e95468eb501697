"""`auditrules check`: judge a host by the benchmarks."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
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
from auditrules.check import Status, check, exit_code, statuses
from auditrules.cli.command import Problem, add_benchmark, warn
from auditrules.cli.environment import (
    Environment,
    add_host,
    add_site,
    catalogue_of,
    database,
    in_environment,
    keep_host,
)
from auditrules.cli.verdict_table import verdict_table
from auditrules.host import Collector
from auditrules.present import Format, present, verdicts
from auditrules.sql.result import QueryResult
from auditrules.tables import HostView
from auditrules.text import visible

DOCKER = "cis-docker"
_WIDTH = 100  # columns of running text
_INDENT = " " * 6
_FOR_PIPELINES = ("sarif", "junit", "hdf")  # the formats of verdict_formats.FORMATS, which few runs need

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
  auditrules check --root /mnt/image --at boot         an image, by what its first boot will audit
  auditrules check --rules rules.d                     this host, as if its next boot loaded these rules

exit codes: 0 nothing fails, 1 a control fails, 2 it could not be run, 3 none fails but one is unknown (or with
--at boot none was judged, or a file of benchmarks was left out)
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    add_host(parser)
    add_site(parser)
    parser.add_argument(
        "--at",
        choices=["now", "boot"],
        default=None,
        help="judge the host as it is now, or as it will be after its next boot (default: now)",
    )
    parser.add_argument(
        "--rules",
        metavar="FILE|DIR",
        action="append",
        default=[],
        help="judge as if this rules file, folder rules.d, or - for standard input, were what boot loads; "
        "repeatable; implies --at boot",
    )
    parser.add_argument(
        "--machine", metavar="M", default="", help="machine that boots, such as aarch64 (only with --at boot)"
    )
    parser.add_argument(
        "--format",
        choices=[*(form.value for form in Format), *_FOR_PIPELINES],
        default=Format.TABLE.value,
        help="default: table",
    )
    add_benchmark(parser, "default: the newest version of each benchmark that applies to the host")
    parser.add_argument("--details", action="store_true", help="print evidence and remediation of every control")
    parser.add_argument(
        "--explain", action="store_true", help="print, too, what the benchmark says of each control and why"
    )
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    at_boot, change_host = _judged_moment(options)
    host = keep_host(options, environment, change_host)
    for_this = partial(for_host, host, numbered=bool(options.control))
    catalogue = catalogue_of(environment, host.site)
    controls = chosen_controls(catalogue.benchmarks, options.benchmark, options.control, for_this)
    with database(options, environment, host, at_boot=at_boot) as tables:
        result = check(controls, tables.query)
        if options.explain and options.format in (Format.JSON, Format.CSV, Format.LINE):
            result = _with_catalogue(result, controls, tables.query)
    return _formatted(result, controls, options), _exit_code(result, at_boot=at_boot, whole=not catalogue.left_out)


def _judged_moment(options: argparse.Namespace) -> tuple[bool, Callable[[Collector], Collector]]:
    """Whether the next boot is judged, and the function that puts tried rules on the host. Raises Problem."""
    at_boot = options.at == "boot" or (options.at is None and bool(options.rules))
    if options.rules and not at_boot:
        raise Problem("--rules is what boot is to load: it can't be judged with --at now")
    if options.machine and not at_boot:
        raise Problem("--machine is that of a boot: give --at boot, too")
    if at_boot and options.kernel not in ("auto", "none"):
        raise Problem(f"--kernel {options.kernel} tells of rules that are loaded now; the next boot is judged without")
    if not options.rules and not options.machine:
        return at_boot, lambda collector: collector
    from auditrules.cli.what_if import tried_host  # noqa: PLC0415 - it reads rules files, which most checks need not

    return at_boot, tried_host(options.rules, options.machine, options.root)


def _exit_code(result: QueryResult, *, at_boot: bool, whole: bool) -> int:
    """The exit code. It is not 0 if no control applies to a boot, or a benchmark file was left out."""
    if at_boot and {*statuses(result)} <= {Status.NOT_APPLICABLE}:
        warn("no control was judged: none of the controls of these benchmarks applies to this host or image")
        return 3
    return exit_code(result) or (0 if whole else 3)


def _formatted(result: QueryResult, controls: Sequence[BenchmarkControl], options: argparse.Namespace) -> str:
    if options.format in _FOR_PIPELINES:
        from auditrules.verdict_formats import FORMATS  # noqa: PLC0415 - few runs need them

        return FORMATS[options.format](result, datetime.now(timezone.utc))
    form = Format(options.format)
    if form is not Format.TABLE:
        return present(result, form)
    text = (
        verdicts(result, options.width) if options.details or options.explain else verdict_table(result, options.width)
    )
    about = "".join(map(_explained, controls)) if options.explain else ""
    return about + text


def chosen_controls(
    benchmarks: Sequence[Benchmark],
    names: Sequence[str],
    ids: Sequence[str],
    applying_to_host: Callable[[Sequence[Benchmark]], Sequence[Benchmark]],
) -> list[BenchmarkControl]:
    """The controls with these ids (none: all) of the benchmarks with these names.

    Without names, the benchmarks that apply to the host count: for each id the newest one that has it, and without ids
    the newest version of each. Raises Problem if there is no such benchmark or control.
    """
    try:
        if names:
            wanted = list(dict.fromkeys(benchmark_called(name, benchmarks) for name in names))
            return controls_numbered(ids, wanted, benchmarks)
        here = applying_to_host(benchmarks)
        if not ids:
            return controls_numbered((), list(newest(here).values()))
        return [
            each
            for one in dict.fromkeys(ids)
            for each in controls_numbered([one], [newest_with(one, here, benchmarks)])
        ]
    except SelectionError as error:
        raise Problem(str(error)) from error


def _with_catalogue(
    result: QueryResult, controls: Sequence[BenchmarkControl], query: Callable[[str], QueryResult]
) -> QueryResult:
    """Add to each verdict the cells of `audit_controls` that explain its control."""
    known = [
        query(f"SELECT {', '.join(CATALOGUE)} FROM audit_controls WHERE {of_control(control)}").rows[0]  # noqa: S608 - ours
        for control in controls
    ]
    rows = (row + cells for row, cells in zip(result.rows, known, strict=True))
    return QueryResult((*result.columns, *CATALOGUE), tuple(rows))


def for_host(host: HostView, benchmarks: Sequence[Benchmark], *, numbered: bool) -> Sequence[Benchmark]:
    """The benchmarks that apply to a host, without those that are judged only by name.

    If controls are chosen by id (`numbered`), the Docker benchmark applies without a Docker daemon, too. If the system
    of the host is not known, warn about it; then only benchmarks for all systems apply.
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
    """Write the texts of a control, each as a paragraph. Empty ones are left out."""
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
