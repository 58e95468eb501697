"""`auditrules pack`: the packs for osquery and the files for Fleet, or a part of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditrules.benchmarks import BENCHMARKS, LATEST, Benchmark
from auditrules.benchmarks.problems import problems as benchmark_problems
from auditrules.cli.command import Problem
from auditrules.cli.world import World, empty_database, in_world
from auditrules.packs import files, policies
from auditrules.packs.files import File, Form
from auditrules.present import Format, present
from auditrules.sql.error import SqlError
from auditrules.sql.result import Result
from auditrules.tables import SCHEMAS

if TYPE_CHECKING:
    from auditrules.sql.database import Database

_EPILOG = """\
examples:
  auditrules pack list                                        files, and what is in each
  auditrules pack show --benchmark 1.8.0 --control 1.1.3      one pack for osquery, on the screen
  auditrules pack export --output packs                       the packs for osquery
  auditrules pack export --format fleet-gitops --output lib   labels, policies and reports for Fleet

exit codes: 0 done, 2 it could not be done, and nothing was written
"""

_SHIPPED = (BENCHMARKS[0], LATEST)


def register(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "action", choices=("list", "show", "export"), help="say what there is, print it, or write it into a folder"
    )
    parser.add_argument(
        "--format", choices=[form.value for form in Form], default=Form.OSQUERY.value, help="default: osquery"
    )
    parser.add_argument(
        "--benchmark", metavar="VERSION", default="", help="only this version (default: the oldest and the newest)"
    )
    parser.add_argument(
        "--control", metavar="ID", action="append", default=[], help="only this one; may be given more than once"
    )
    parser.add_argument(
        "--label",
        metavar="NAME",
        action="append",
        default=[],
        help="for Fleet: on hosts with this label of your own, instead of ours; may be given more than once",
    )
    parser.add_argument("--output", metavar="DIR", default="", help="for export: the folder to write into")
    parser.set_defaults(run=_run)


@in_world
def _run(options: argparse.Namespace, _: World) -> tuple[str, int]:
    if (options.action == "export") != bool(options.output):
        raise Problem("expected --output DIR with export, and only there")
    found = tuple(chosen(Form(options.format), options.benchmark, options.control, tuple(options.label)))
    check(found, BENCHMARKS)
    if options.action == "list":
        rows = tuple((file.path, name) for file in found for name in file.queries)
        return present(Result(("file", "name"), rows), Format.TABLE), 0
    if options.action == "show":
        return "".join(file.text for file in found), 0
    folder = Path(options.output)
    write(folder, found)
    return "".join(f"{folder / file.path}\n" for file in found), 0


def chosen(form: Form, version: str, ids: Sequence[str], labels: tuple[str, ...]) -> Iterator[File]:
    """The files that somebody wants. Raises Problem where there is no such benchmark or control."""
    known = [benchmark.version for benchmark in BENCHMARKS]
    if version and version not in known:
        raise Problem(f"expected a benchmark out of {', '.join(known)}, found {version}")
    wanted = [benchmark for benchmark in (BENCHMARKS if version else _SHIPPED) if version in ("", benchmark.version)]
    numbers = [control.id for benchmark in wanted for control in benchmark.controls]
    unknown = [each for each in ids if each not in numbers]
    if unknown:
        raise Problem(f"expected a control out of {', '.join(numbers)}, found {', '.join(unknown)}")
    if not version and not ids:
        yield from files.general(form)
    for benchmark in wanted:
        controls = [control for control in benchmark.controls if not ids or control.id in ids]
        if controls and form is Form.OSQUERY and not version:
            yield files.verdict_file(_NAMES[benchmark.version], controls)
        elif controls:
            yield from files.of_benchmark(benchmark, controls, form, labels or policies.ON_DOCKER_HOSTS)


_NAMES = {_SHIPPED[0].version: "cis-docker", _SHIPPED[1].version: "cis-docker-latest"}


def check(found: Iterable[File], benchmarks: Iterable[Benchmark]) -> None:
    """Raise Problem, with a line for each, where files are not to be written."""
    problems = [*benchmark_problems(benchmarks)]
    with empty_database(SCHEMAS) as database:
        for file in found:
            problems += [f"{file.path}: {problem}" for problem in file.problems]
            problems += [
                f"{file.path}: {name}: query: {refusal}"
                for name, sql in file.queries.items()
                if (refusal := _refusal(database, sql))
            ]
    if problems:
        raise Problem("nothing is written:\n" + "\n".join(problems))


def _refusal(database: Database, sql: str) -> str:
    """Why SQLite does not prepare a query; empty where it does."""
    try:
        database.query(f"EXPLAIN {sql}")
    except SqlError as error:
        return str(error).partition("\n")[0]
    return ""


def write(folder: Path, found: Iterable[File]) -> None:
    """Write files, and the folders they are in."""
    try:
        for file in found:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, "utf-8")
    except OSError as error:
        raise Problem(f"cannot write {error.filename}: {error.strerror}") from error
