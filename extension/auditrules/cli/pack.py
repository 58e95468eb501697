"""`auditrules pack`: writes the packs for osquery or the files for Fleet, or a part of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from auditrules.benchmarks import CIS_DOCKER, Benchmark, BenchmarkControl
from auditrules.benchmarks.data_file import read_requirements
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.selection import SelectionError, benchmark_called, controls_numbered, newest_with
from auditrules.cli.command import Problem, add_benchmark
from auditrules.cli.environment import Environment, add_site, benchmarks_here, in_environment
from auditrules.packs import files, systems
from auditrules.packs.files import PackFile, PackForm
from auditrules.packs.shipped import PACKS
from auditrules.present import Format, present
from auditrules.sql.result import QueryResult

_EPILOG = """\
examples:
  auditrules pack list                                        files, and what is in each
  auditrules pack show --benchmark cis-docker --control 1.1.3  one pack for osquery, on the screen
  auditrules pack export --output packs                       the packs for osquery
  auditrules pack export --format fleet-gitops --output lib   labels, policies and reports for Fleet

exit codes: 0 done, 2 it could not be done, and nothing was written
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "action", choices=("list", "show", "export"), help="say what there is, print it, or write it into a folder"
    )
    parser.add_argument(
        "--format", choices=[form.value for form in PackForm], default=PackForm.OSQUERY.value, help="default: osquery"
    )
    add_benchmark(parser, "default: what ships")
    add_site(parser)
    parser.add_argument(
        "--label",
        metavar="NAME",
        action="append",
        default=[],
        help="for Fleet: on hosts with this label of your own, instead of ours; may be given more than once",
    )
    parser.add_argument("--output", metavar="DIR", default="", help="for export: the folder to write into")
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    if (options.action == "export") != bool(options.output):
        raise Problem("expected --output DIR with export, and only there")
    form, labels = PackForm(options.format), tuple(options.label)
    wanted, found = chosen_files(
        benchmarks_here(options, environment), form, options.benchmark, options.control, labels
    )
    check(found, wanted)
    if options.action == "list":
        rows = tuple((file.path, name) for file in found for name in file.queries)
        return present(QueryResult(("file", "name"), rows), Format.TABLE), 0
    if options.action == "show":
        return "".join(file.text for file in found), 0
    folder = Path(options.output)
    write(folder, found)
    return "".join(f"{folder / file.path}\n" for file in found), 0


def chosen_files(
    benchmarks: Sequence[Benchmark],
    form: PackForm,
    names: Sequence[str],
    ids: Sequence[str],
    labels: tuple[str, ...],
) -> tuple[Sequence[Benchmark], tuple[PackFile, ...]]:
    """The files for these benchmarks and controls. Raises Problem if there is no such benchmark or control."""
    if not names and not ids:
        found = map(files.pack_file, PACKS) if form is PackForm.OSQUERY else files.for_fleet(form, labels)
        return (*CIS_DOCKER, *systems.CIS_LINUX, *systems.STIG_LINUX), tuple(found)
    try:
        wanted = list(
            dict.fromkeys(
                [benchmark_called(name, benchmarks) for name in names]
                or [newest_with(each, benchmarks) for each in ids]
            )
        )
        controls = controls_numbered(ids, wanted, benchmarks)
    except SelectionError as error:
        raise Problem(str(error)) from error
    return wanted, tuple(_files(form, wanted, controls, labels))


def _files(
    form: PackForm, wanted: Sequence[Benchmark], controls: Sequence[BenchmarkControl], labels: tuple[str, ...]
) -> Iterator[PackFile]:
    for benchmark in wanted:
        its = [control for control in controls if control.key[:2] == benchmark.key]
        if its:
            yield from files.of_benchmark(benchmark, its, form, labels)


def check(found: Iterable[PackFile], benchmarks: Iterable[Benchmark]) -> None:
    """Raise Problem, with a line for each problem, if the files must not be written."""
    problems = list(filter(None, map(_problem, benchmarks)))
    problems += [f"{file.path}: {problem}" for file in found for problem in file.problems]
    if problems:
        raise Problem("nothing is written:\n" + "\n".join(problems))


def _problem(benchmark: Benchmark) -> str:
    try:
        read_requirements(benchmark.controls)
    except BenchmarkError as error:
        return str(error)
    return ""


def write(folder: Path, found: Iterable[PackFile]) -> None:
    """Write the files and make their folders."""
    try:
        for file in found:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, "utf-8")
    except OSError as error:
        raise Problem(f"cannot write {error.filename}: {error.strerror}") from error
