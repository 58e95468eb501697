from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from auditrules.plugin.context import Constraint, ConstraintOperator, Context
from auditrules.plugin.row import ROWID, Row
from auditrules.plugin.schema import ColumnOption, Schema
from auditrules.plugin.table import answer
from auditrules.tables import SCHEMAS, build
from tests.fixtures.hosts import BARE, DOCKER, Given, Look, everything, listing, saved, status
from tests.fixtures.site import SITE, write_site
from tests.fixtures.work import calls
from tests.sampled import sampled

KERNELS = sorted(path.stem for path in listing("").parent.glob("*.txt"))
LOOKS = {
    "bare-no-rules": (BARE, listing("no-rules")),
    "docker-none": (DOCKER, "none"),
    **{f"docker-{name}": (DOCKER, listing(name)) for name in KERNELS},
}


each_schema = pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
of_each_look = sampled(("root", "kernel"), LOOKS, one_in=3)
in_one_process = pytest.mark.xdist_group("looks")  # so that the rows of a host are made once


PATHS = (
    "/usr/bin/dockerd",
    "/etc",
    "/etc/../etc",
    "/",
    "/nowhere",
    "relative",
    r"/a\x0ab",
    "/a\nb",
    "/a\x7fb",
    "/a\udcffb",
    r"/a\xffb",
    "",
)
CALLS = ("chmod", "execve", "umount", "create_module", "chmood", "", "a,b", "a\nb", "a\udcffb", r"a\x0ab", "chmod ")
ASKED = {
    "audit_coverage": Context(tuple(Constraint("path", ConstraintOperator.EQUALS, path) for path in PATHS)),
    "audit_syscalls": Context(tuple(Constraint("syscall", ConstraintOperator.EQUALS, name) for name in CALLS)),
}

ONE_A_LINE = {
    "rules",
    "links",
    "notes",
    "remediation",
}  # columns whose cells have several lines; all other cells have one


def with_site(folder: Path) -> Path:
    """Make the host with Docker below a folder, with a benchmark of its site's own and a file that is none."""
    root = Path(shutil.copytree(DOCKER, folder / "root"))
    site = write_site(root, {"site.json": SITE, "bad.json": []})
    assert site.is_dir()
    return root


def made(look: Look, only: Schema | None = None) -> list[tuple[Schema, Row]]:
    tables = build(Given.at_rest(look.sources, look.root))
    wanted = (table for table in tables if only in (None, table.schema))
    return [(table.schema, row) for table in wanted for row in table.rows(ASKED.get(table.schema.name, Context()))]


@cache
def made_at(root: Path, kernel: Path | str) -> list[tuple[Schema, Row]]:
    return made(Look.at(root, kernel))


def test_the_tables_are_those_of_the_schemas() -> None:
    assert tuple(table.schema for table in build(Given.at_rest(Look.at(BARE).sources))) == SCHEMAS


def asked_again(rules: int) -> dict[str, int]:
    """Give for each table how much work it is to ask it a second time where there are so many rules."""
    look = Look.at(BARE).with_rules(*(f"-w /srv/{number} -p wa" for number in range(rules)))
    work = {}
    for table in build(Given.at_rest(look.sources)):
        if table.schema.name not in ASKED:  # whose rows are those of a question
            table.rows(Context())
            work[table.schema.name] = calls(lambda table=table: table.rows(Context()))  # type: ignore[misc]
    return work


def test_rows_are_made_once_of_the_same_sources() -> None:
    few, many = asked_again(rules=1), asked_again(rules=100)
    assert {name: work for name, work in many.items() if work > few[name] * 1.1} == {}


def test_rows_are_made_anew_of_other_sources() -> None:
    sources = Look.at(BARE).sources
    consumers = iter(("auditd", "osqueryd"))
    tables = build(Given(lambda: replace(sources, consumer=next(consumers))))
    (status_table,) = (table for table in tables if table.schema.name == "audit_status")
    found = [row["consumer"] for _ in range(2) for row in status_table.rows(Context())]
    assert found == ["auditd", "osqueryd"]


@pytest.mark.parametrize("narrowed", ["", "benchmark = 'bad.json'", "newest = 1"])
def test_a_file_that_is_left_out_is_a_row_of_the_catalogue(narrowed: str, tmp_path: Path) -> None:
    where = f" AND {narrowed}" if narrowed else ""
    rows = Look.at(with_site(tmp_path)).rows(
        f"SELECT benchmark, version, control, error FROM audit_controls WHERE error != ''{where}"  # noqa: S608 - ours
    )
    error = "/etc/osquery-audit-rules/benchmarks.d/bad.json: expected an object, found []"
    wanted = {"benchmark": "bad.json", "version": "", "control": "", "error": error}
    assert rows == ([] if narrowed == "newest = 1" else [wanted])


@each_schema
def test_every_column_can_be_written_unquoted(schema: Schema) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(schema.ddl())
    for name in schema.names:
        connection.execute(f"SELECT {name} FROM {schema.name} WHERE {name} = '' ORDER BY {name}")  # noqa: S608
    connection.close()


@each_schema
def test_column_names_are_lower_snake_case(schema: Schema) -> None:
    assert [name for name in schema.names if not name.replace("_", "").isalpha() or name != name.lower()] == []


@each_schema
def test_descriptions_stand_on_one_line_without_a_full_stop(schema: Schema) -> None:
    assert [c.description for c in schema.columns if "\n" in c.description or c.description.endswith(".")] == []


@of_each_look
@in_one_process
def test_every_row_has_exactly_the_columns_and_a_rowid(root: Path, kernel: Path | str) -> None:
    rows = made_at(root, kernel)
    assert [row for schema, row in rows if set(row) != {*schema.names, ROWID}] == []


@of_each_look
@in_one_process
def test_every_value_is_text_that_can_be_sent_and_shown(root: Path, kernel: Path | str) -> None:
    # Some columns have several lines; all else is on one, except a path or call that was asked for so.
    as_asked = ("path", "syscall")
    found = made_at(root, kernel)
    rows = [
        {**row, **{name: "" for name in as_asked if name in row}} if schema.name in ASKED else row
        for schema, row in found
    ]
    values: list[object] = [row[name].replace("\n" if name in ONE_A_LINE else "", "") for row in rows for name in row]
    assert [value for value in values if not (isinstance(value, str) and value.isprintable())] == []


@of_each_look
@in_one_process
def test_numbers_are_plain_decimals_or_empty(root: Path, kernel: Path | str) -> None:
    cells = [
        row[column.name]
        for schema, row in made_at(root, kernel)
        for column in schema.columns
        if column.type.value != "TEXT"
    ]
    assert [cell for cell in cells if cell and str(int(cell)) != cell] == []


@of_each_look
@in_one_process
def test_what_osquery_takes_for_the_primary_key_is_unique(root: Path, kernel: Path | str) -> None:
    rows = made_at(root, kernel)
    keys = Counter((schema.name, *(row[name] for name in schema.key)) for schema, row in rows if schema.key)
    assert [key for key, times in keys.items() if times > 1] == []


@each_schema
def test_no_column_has_an_option_that_loses_rows_in_osquery(schema: Schema) -> None:
    assert [column.name for column in schema.columns if column.option & ColumnOption.OPTIMIZED] == []


@each_schema
def test_a_call_without_its_required_column_is_an_error(schema: Schema) -> None:
    required = [column.name for column in schema.columns if column.option & ColumnOption.REQUIRED]
    (table,) = (each for each in everything().own() if each.schema == schema)
    told = [{"name": name, "list": [], "affinity": "TEXT"} for name in schema.names if name not in required]
    response = answer(table, {"action": "generate", "context": json.dumps({"constraints": told})})
    expected = f"{schema.name}: expected {' or '.join(required)} with = or IN" if required else "OK"
    assert (response.code, response.message.partition(",")[0]) == (bool(required), expected)


@each_schema
def test_every_column_is_filled_by_some_row(schema: Schema, tmp_path: Path) -> None:
    narrow = Look.at(DOCKER).with_listing(
        saved("-a always,exit -S all -F path=/usr/bin/dockerd -F perm=wa -F auid=1000")
    )
    looks = (everything(), narrow, Look.at(DOCKER), Look.at(DOCKER, listing("cut")), Look.at(with_site(tmp_path)))
    everywhere = [found for look in looks for found in made(look, schema)]
    filled = {name for of, row in everywhere if of == schema for name in schema.names if row[name]}
    assert [name for name in schema.names if name not in filled] == []


@pytest.mark.parametrize(
    "sql",
    [pytest.param(e.sql, id=f"{s.name}-{n}") for s in SCHEMAS for n, e in enumerate(s.examples)],
)
def test_every_example_runs_on_a_host_that_has_an_answer(sql: str) -> None:
    look = everything().with_listing(b"-w /usr/bin/dockerd -p rwxa -k docker\n" + status(lost=1).encode())
    assert look.rows(sql) != []


@each_schema
def test_every_table_has_an_example_that_says_what_it_asks(schema: Schema) -> None:
    assert schema.examples
    assert [e.explain for e in schema.examples if not e.explain.endswith("?")] == []
