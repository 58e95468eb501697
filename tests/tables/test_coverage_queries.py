"""Queries of audit_coverage: each has its rows, here and in osquery's tables, or an error that says what to write."""
# ruff: noqa: S608 - queries are made of words of this file

from __future__ import annotations

import tracemalloc

import pytest

from auditrules.plugin.context import Constraint, ConstraintOperator, Context
from auditrules.plugin.row import KeptRow
from auditrules.plugin.table import answer
from auditrules.sql.error import SqlError
from tests.core import tables as core
from tests.fixtures.hosts import DOCKER, Look, everything


def keys(sql: str, *tables: str) -> list[tuple[object, ...]]:
    """Run a query here and in osquery's tables, and give its rows, in which both agree."""
    look = Look.at(DOCKER)
    database = core.Database()
    for table in look.tables():
        if table.schema.name in ("audit_coverage", *tables):
            database.attach(table.schema.name, core.local(table))
    rows: list[tuple[object, ...]] = sorted(tuple(row.values()) for row in look.rows(sql))
    assert rows == sorted(database.query(sql))
    return rows


TWO = "path IN ('/etc/shadow', '/usr/bin/dockerd')"
SHADOW = [("/etc/shadow", "boot"), ("/etc/shadow", "kernel")]
BOTH = [*SHADOW, ("/usr/bin/dockerd", "boot"), ("/usr/bin/dockerd", "kernel")]
EMPTY = [("", "boot"), ("", "kernel")]
SELECT = "SELECT path, source FROM audit_coverage"
JOINED = "SELECT c.path, c.source FROM p JOIN audit_coverage AS c ON c.path = p.path"
PATTERN = f"WITH p(path) AS (VALUES ('/etc/shadow'), ('/usr'), ('')) {JOINED}"

# a query and its rows
ANSWERS = {
    "a list of paths": (f"{SELECT} WHERE {TWO}", BOTH),
    "two lists": (f"{SELECT} WHERE {TWO} AND source IN ('kernel', 'boot')", BOTH),
    "two lists, one of numbers": (f"{SELECT} WHERE {TWO} AND path_exists IN (0, 1)", BOTH),
    "a list out of a subquery and another list": (
        (
            f"WITH p(path) AS (VALUES ('/etc/shadow')) {SELECT} WHERE path IN (SELECT path FROM p) "
            "AND reason IN ('unreadable', 'no_rule')"
        ),
        SHADOW,
    ),
    "a correlated subquery": (
        (
            f"SELECT v.column1, (SELECT count(*) FROM audit_coverage WHERE {TWO} AND source = v.column1) "
            "FROM (VALUES ('kernel'), ('boot')) AS v"
        ),
        [("boot", 2), ("kernel", 2)],
    ),
    "a CTE used twice": (
        (
            f"WITH c AS NOT MATERIALIZED ({SELECT} WHERE {TWO}) "
            "SELECT count(*) FROM c AS a JOIN c AS b ON a.path = b.path AND a.source = b.source"
        ),
        [(4,)],
    ),
    "an or": (f"{SELECT} WHERE path = '/etc/shadow' OR path = '/etc/shadow'", SHADOW),
    "distinct": ("SELECT DISTINCT path FROM audit_coverage WHERE path = '/etc/shadow'", [("/etc/shadow",)]),
    "a count of distinct": (f"SELECT count(DISTINCT path), count(*) FROM audit_coverage WHERE {TWO}", [(2, 4)]),
    "an empty path": (f"{SELECT} WHERE path = ''", EMPTY),
    "an empty path of a list": (f"{SELECT} WHERE path IN ('/etc/shadow', '')", [*EMPTY, *SHADOW]),
    "no path": (f"{SELECT} WHERE path = NULL", []),
    "an empty list": (f"{SELECT} WHERE path IN (SELECT 'x' WHERE 0)", []),
    "an empty path of a join": (
        f"WITH p(path) AS (VALUES ('/etc/shadow'), ('')) {JOINED}",
        [*EMPTY, *SHADOW],
    ),
    "no path of a left join": (
        (
            "WITH p(path) AS (VALUES (NULL)) SELECT count(*), count(c.path) FROM p LEFT JOIN audit_coverage AS c "
            "ON c.path = p.path"
        ),
        [(1, 0)],
    ),
    "a pattern beside an equality": (f"{SELECT} WHERE path = '/etc/shadow' AND path LIKE '/etc/%'", SHADOW),
    "a pattern that does not fit": (f"{SELECT} WHERE path = '/etc/shadow' AND path LIKE '/usr/%'", []),
    "a pattern beside the equality of a join, behind a plus": (f"{PATTERN} WHERE +c.path LIKE '/etc/%'", SHADOW),
    "a limit": ("SELECT path FROM audit_coverage WHERE path = '/etc/shadow' LIMIT 1", [("/etc/shadow",)]),
    "a limit of a list": (f"SELECT count(*) FROM (SELECT 1 FROM audit_coverage WHERE {TWO} LIMIT 3)", [(3,)]),
    "a line feed in a path": ("SELECT count(*) FROM audit_coverage WHERE path = '/a' || char(10) || 'b'", [(2,)]),
    "a path of a million letters": (
        "SELECT count(*), min(unknown) FROM audit_coverage WHERE path = '/' || printf('%.*c', 1000000, 'x')",
        [(2, "rwxa")],
    ),
    "a thousand paths": (
        (
            "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
            "SELECT count(*) FROM audit_coverage WHERE path IN (SELECT '/tmp/' || i FROM n)"
        ),
        [(2000,)],
    ),
    "a number": ("SELECT count(*) FROM audit_coverage WHERE path = 16", [(2,)]),
    "a path and a NUL": ("SELECT count(*) FROM audit_coverage WHERE path = '/etc' || char(0) || 'x'", [(0,)]),
    "bytes": ("SELECT count(*) FROM audit_coverage WHERE path = x'2f'", [(0,)]),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_query_has_its_rows_here_and_in_osquery(name: str) -> None:
    sql, expected = ANSWERS[name]
    assert keys(sql) == expected


def test_rules_with_and_without_a_path_can_be_joined() -> None:
    look = everything()
    database = core.Database()
    for table in look.own():
        database.attach(table.schema.name, core.local(table))
    sql = "SELECT DISTINCT a.path, c.source FROM audit_rules AS a JOIN audit_coverage AS c ON c.path = a.path"
    rules = {path for (path,) in database.query("SELECT path FROM audit_rules")}
    assert "" in rules
    found = sorted(tuple(row.values()) for row in look.rows(sql))
    assert (
        found
        == sorted(database.query(sql))
        == sorted((path, source) for path in rules for source in ("boot", "kernel"))
    )


def test_processes_without_a_program_can_be_joined() -> None:
    sql = "SELECT p.name, c.source FROM processes AS p JOIN audit_coverage AS c ON c.path = p.path"
    assert keys(sql, "processes") == []


def test_a_pattern_beside_the_equality_of_a_join_is_answered_here() -> None:
    found = Look.at(DOCKER).rows(f"{PATTERN} WHERE c.path LIKE '/etc/%'")
    assert sorted(tuple(row.values()) for row in found) == SHADOW


def test_a_pattern_that_osquery_plans_without_the_equality_is_an_error_there_that_says_what_to_write() -> None:
    database = core.Database()
    database.attach("audit_coverage", core.local(Look.at(DOCKER).table("audit_coverage")))
    with pytest.raises(core.TableError, match=r"write \+path LIKE …\)$"):
        database.query(f"{PATTERN} WHERE c.path LIKE '/etc/%'")


@pytest.mark.parametrize("term", ["path IS NOT NULL", "path != ''", "path IS NOT ''"])
def test_what_osquery_keeps_to_itself_is_no_empty_answer_there(term: str) -> None:
    database = core.Database()
    database.attach("audit_coverage", core.local(Look.at(DOCKER).table("audit_coverage")))
    sql = f"SELECT path, source, unknown FROM audit_coverage WHERE {term}"
    assert database.query(sql)[-2:] == [("(no path)", "kernel", "rwxa"), ("(no path)", "boot", "rwxa")]


NO_PATTERN = "expected path with = or IN, for the rows are worked out of it; found"

ERRORS = (
    ("no path", "SELECT * FROM audit_coverage", "required"),
    ("a pattern", "SELECT * FROM audit_coverage WHERE path LIKE '/usr/%'", f"{NO_PATTERN} only path LIKE '/usr/%' ("),
    ("a glob", "SELECT * FROM audit_coverage WHERE path GLOB '/usr/*'", f"{NO_PATTERN} only path GLOB '/usr/*' ("),
    ("another", "SELECT * FROM audit_coverage WHERE path != '/x'", "(in a join that has path = …, write +path != …)"),
    ("not empty", "SELECT * FROM audit_coverage WHERE path != ''", f"{NO_PATTERN} only path != '' ("),
    ("not null", "SELECT * FROM audit_coverage WHERE path IS NOT NULL", f"{NO_PATTERN} only path IS NOT NULL ("),
    ("null", "SELECT * FROM audit_coverage WHERE path IS NULL", f"{NO_PATTERN} only path IS NULL ("),
    ("a limit alone", "SELECT * FROM audit_coverage LIMIT 5", f"{NO_PATTERN} neither"),
)


@pytest.mark.parametrize(("sql", "said"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
def test_a_question_without_a_path_is_an_error_that_says_what_to_ask(sql: str, said: str) -> None:
    with pytest.raises(SqlError) as caught:
        Look.at(DOCKER).rows(sql)
    assert said in str(caught.value)


def test_osquery_is_told_the_same_error() -> None:
    look = Look.at(DOCKER)
    table = look.table("audit_coverage")
    context = '{"constraints":[{"name":"path","list":[{"op":65,"expr":"/usr/%"}],"affinity":"TEXT"}]}'
    response = answer(table, {"action": "generate", "context": context})
    assert response.code == 1
    assert response.message.startswith(f"audit_coverage: {NO_PATTERN} only path LIKE '/usr/%'")


def test_nothing_is_kept_of_a_path_that_is_too_long() -> None:
    table = Look.at(DOCKER).table("audit_coverage")
    path = "/" + "x" * 1_000_000
    tracemalloc.start()
    for number in range(20):
        assert len(list(table.rows(Context((Constraint("path", ConstraintOperator.EQUALS, f"{path}{number}"),))))) == 2
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 5_000_000


@pytest.mark.parametrize("path", ["/a\nb", "/a\x1bb", "/a\udcffb", r"/a\xffb", "/é"])
def test_a_path_goes_back_as_it_came_since_osquery_drops_a_row_of_another(path: str) -> None:
    rows = list(
        Look.at(DOCKER).table("audit_coverage").rows(Context((Constraint("path", ConstraintOperator.EQUALS, path),)))
    )
    assert [row["path"] for row in rows] == [path, path]
    assert all(isinstance(row, KeptRow) and path.encode("utf-8", "surrogateescape") in row.cells[0] for row in rows)
