"""Write packs/ from the benchmarks and the tables; with --check, only say whether the files are current."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from auditrules.benchmarks import BENCHMARKS
from auditrules.cli.command import Problem
from auditrules.cli.pack import check, write
from auditrules.packs.files import PackFile, shipped
from auditrules.plugin.table import Table
from auditrules.sql.database import Database
from auditrules.sql.error import SqlError
from auditrules.sql.standins import SCHEMAS as STAND_INS
from auditrules.tables import SCHEMAS

FOLDER = Path(__file__).parents[1] / "packs"


def main(arguments: list[str]) -> int:
    """Write the files, or compare them. Returns 1 if one has a problem or is not current, or is none of ours."""
    found, problems = made()
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    if "--check" not in arguments:
        write(FOLDER, found)
    lines = [*(_stale(file) for file in found), *_strays({FOLDER / file.path for file in found})]
    for line in filter(None, lines):
        print(line, file=sys.stderr)
    return 1 if any(lines) else 0


@cache
def made() -> tuple[tuple[PackFile, ...], list[str]]:
    """The files, which are the same whatever is on the disk, and what is wrong with them."""
    found = tuple(shipped(SCHEMAS))
    try:
        check(found, BENCHMARKS)
    except Problem as problem:
        return found, [str(problem)]
    return found, refusals(found)


def refusals(found: Iterable[PackFile]) -> list[str]:
    """A line for each query that SQLite does not prepare, with its file and name."""
    with Database(Table(schema, lambda _: ()) for schema in (*SCHEMAS, *STAND_INS)) as database:
        return [
            f"{file.path}: {name}: query: {refusal}"
            for file in found
            for name, sql in file.queries.items()
            if (refusal := _refusal(database, sql))
        ]


def _refusal(database: Database, sql: str) -> str:
    """Why SQLite does not prepare a query; empty if it does."""
    try:
        database.query(f"EXPLAIN {sql}")
    except SqlError as error:
        return str(error).partition("\n")[0]
    return ""


def _stale(file: PackFile) -> str:
    path = FOLDER / file.path
    current = path.exists() and path.read_text("utf-8") == file.text
    return "" if current else f"{file.path} is not current: run make packs"


def _strays(wanted: set[Path]) -> list[str]:
    found = sorted(path for path in FOLDER.rglob("*") if path.is_file() and path not in wanted)
    return [f"{path.relative_to(FOLDER)} is made from nothing: delete it" for path in found]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
