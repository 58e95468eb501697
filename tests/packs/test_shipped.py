from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from auditrules.audit.model.collected import File
from auditrules.benchmarks import CIS_DOCKER, Benchmark
from auditrules.check import COLUMNS, Status
from auditrules.cli import main
from auditrules.host.surroundings import HostSurroundings
from auditrules.packs.files import PackFile, PackForm, of_benchmark
from auditrules.packs.policies import ON_DOCKER_HOSTS
from auditrules.packs.shipped import GUARD, PACKS
from auditrules.plugin.pack import DAY, HOUR, Pack, Query
from auditrules.sql.database import Database
from auditrules.sql.result import QueryResult, Value
from auditrules.sql.standins import SCHEMAS as STAND_INS
from auditrules.sql.standins import stand_ins
from auditrules.tables import SCHEMAS
from tests.core import tables as core
from tests.fixtures.hosts import BARE, DOCKER, Look, listing, saved, status, undated
from tests.sampled import sample
from tools import make_packs

pytestmark = pytest.mark.engine

FOLDER = Path(__file__).parents[2] / "packs"
FILES = sorted(FOLDER.glob("*.conf"))
FIRST, NEWEST, CIS, STIG, GENERAL = PACKS
# The newest benchmark's queries are the first one's with other names in them: one host shows that they run.
QUERIES = [query for pack in (FIRST, CIS, STIG, GENERAL) for query in pack.queries]
OURS = {schema.name for schema in SCHEMAS}

# A host of the fixtures, the listing of its kernel, and the status of 1.2.3 there.
HOSTS: dict[str, tuple[Path, Path | str, str]] = {
    "covered": (DOCKER, listing("covered"), "pass"),
    "immutable": (DOCKER, listing("immutable"), "pass"),
    "without status": (DOCKER, listing("without-status"), "pass"),
    "disabled": (DOCKER, listing("disabled"), "fail"),
    "no rules": (DOCKER, listing("no-rules"), "fail"),
    "short": (DOCKER, listing("short"), "fail"),
    "elsewhere": (DOCKER, listing("elsewhere"), "fail"),
    "task": (DOCKER, listing("task"), "fail"),
    "cut": (DOCKER, listing("cut"), "unknown"),
    "not asked": (DOCKER, "none", "unknown"),
    "no Docker": (BARE, listing("no-rules"), "not_applicable"),
    "no Docker, not asked": (BARE, "none", "not_applicable"),
}

each_whole_pack = pytest.mark.parametrize(
    ("pack", "benchmark"), [(FIRST, CIS_DOCKER[0]), (NEWEST, CIS_DOCKER[-1])], ids=["first", "newest"]
)


def read(path: Path) -> dict[str, Any]:
    """Read a pack as the strictest of its readers would: nothing but JSON, no key twice, no number that is none."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert [key for key, count in Counter(key for key, _ in pairs).items() if count > 1] == []
        return dict(pairs)

    def no_number(text: str) -> None:
        raise AssertionError(text)

    pack: dict[str, Any] = json.loads(path.read_text("ascii"), object_pairs_hook=once, parse_constant=no_number)
    return pack


# The files


def test_the_files_are_current() -> None:
    assert make_packs.main(["--check"]) == 0


@pytest.mark.parametrize("form", PackForm)
@pytest.mark.parametrize("benchmark", CIS_DOCKER, ids=lambda benchmark: benchmark.version)
def test_sqlite_prepares_each_query_that_pack_exports(benchmark: Benchmark, form: PackForm) -> None:
    found = tuple(of_benchmark(benchmark, benchmark.controls, form, ON_DOCKER_HOSTS))
    assert any(file.queries for file in found)
    assert make_packs.refusals(found) == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT nope FROM audit_status;", "no such column: nope"),
        ("SELECT 1 FROM nope;", "no such table: nope"),
        ("SELEC 1;", 'near "SELEC": syntax error'),
        ("DELETE FROM audit_status;", "table audit_status may not be modified"),
    ],
)
def test_a_query_that_sqlite_does_not_prepare_is_told_with_its_file_and_name(sql: str, reason: str) -> None:
    good = PackFile("a.conf", "{}", {"good": "SELECT state FROM audit_status;"})
    (told,) = make_packs.refusals((good, PackFile("b.conf", "{}", {"bad": sql})))
    assert told.startswith(f"b.conf: bad: query: {reason}")


def test_there_is_a_file_for_each_pack_and_no_other() -> None:
    assert [path.name for path in FILES] == sorted(f"{pack.name}.conf" for pack in PACKS)


def test_a_file_that_is_not_current_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_packs, "FOLDER", tmp_path)
    assert make_packs.main([]) == 0
    assert make_packs.main(["--check"]) == 0
    (tmp_path / "cis-docker.conf").write_text("{}\n")
    (tmp_path / "audit-rules.conf").unlink()
    (tmp_path / "fleet/stray.yml").write_text("")
    assert make_packs.main(["--check"]) == 1
    assert capsys.readouterr().err == (
        "cis-docker.conf is not current: run make packs\naudit-rules.conf is not current: run make packs\n"
        "fleet/stray.yml is made from nothing: delete it\n"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_holds_nothing_that_osquery_or_an_importer_would_not_take(path: Path) -> None:
    pack = read(path)
    assert set(pack) <= {"platform", "version", "discovery", "queries"}
    for query in pack["queries"].values():
        assert set(query) <= {"query", "interval", "snapshot", "removed", "startup_priority", "description", "value"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_line_of_a_file_is_a_comment_or_goes_on_in_the_next(path: Path) -> None:
    lines = path.read_text("ascii").splitlines()
    assert [line for line in lines if line.lstrip().startswith(("#", "//")) or line.endswith("\\")] == []


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_file_says_what_the_pack_is(pack: Pack) -> None:
    content = read(FOLDER / f"{pack.name}.conf")
    assert (content["platform"], content["version"]) == (pack.platform, pack.version)
    assert content.get("discovery", []) == list(pack.discovery)
    assert list(content["queries"]) == [query.name for query in pack.queries]
    for query in pack.queries:
        assert content["queries"][query.name] == {
            "query": query.sql,
            "interval": query.interval,
            **({"snapshot": True} if query.snapshot else {}),
            **({} if query.removed else {"removed": False}),
            **({} if query.startup_priority is None else {"startup_priority": query.startup_priority}),
            "description": query.description,
            "value": query.value,
        }


# What osquery takes


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_no_pack_has_problems(pack: Pack) -> None:
    assert list(pack.problems()) == []


GOOD = Query("good", "SELECT 1;", 3600, "One row: is it so?", "Shows it.")


def pack_of(*queries: Query, name: str = "a-pack") -> Pack:
    return Pack(name, "linux", "5.10.0", (), queries)


@pytest.mark.parametrize("name", ["cis-docker-1.2.0", "CIS", "a pack", "", "-a", "a/b"])
def test_a_pack_needs_a_name_that_osquery_keeps_whole(name: str) -> None:
    assert list(pack_of(GOOD, name=name).problems()) == [
        f"pack {name}: expected lower-case words with - or _ between, and no dot"
    ]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (replace(GOOD, name="last_epoch"), "osquery keeps names that end in epoch or counter for itself"),
        (replace(GOOD, name="counter"), "osquery keeps names that end in epoch or counter for itself"),
        (replace(GOOD, name="Good"), "expected lower-case words with _ between"),
        (replace(GOOD, interval=0), "expected an interval from 1 to 604800 seconds, found 0"),
        (replace(GOOD, interval=604801), "expected an interval from 1 to 604800 seconds, found 604801"),
        (replace(GOOD, sql="SELECT 1"), "expected a semicolon at its end"),
        (replace(GOOD, snapshot=True, removed=False), "a snapshot has no removed rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_query_that_osquery_would_drop_is_a_problem(query: Query, problem: str) -> None:
    assert list(pack_of(query).problems()) == [f"query {query.name}: {problem}"]


def test_a_name_that_is_there_twice_is_a_problem() -> None:
    assert list(pack_of(GOOD, GOOD).problems()) == ["query good: the name is there twice"]


def test_a_week_is_the_longest_interval() -> None:
    assert list(pack_of(replace(GOOD, interval=604800)).problems()) == []


def test_no_query_name_is_in_two_packs() -> None:
    """osquery keeps the splay of a query under its bare name."""
    names = [query.name for pack in PACKS for query in pack.queries]
    assert len(set(names)) == len(names)


@each_whole_pack
def test_each_control_is_a_fast_signal_and_a_daily_ground_truth(pack: Pack, benchmark: Benchmark) -> None:
    signals, truths = pack.queries[:-1:2], pack.queries[1::2]
    assert [signal.name for signal in signals] == [control.name for control in benchmark.controls]
    assert [truth.name for truth in truths] == [f"{control.name}_snapshot" for control in benchmark.controls]
    assert {(each.interval, each.snapshot, each.removed) for each in signals} == {(HOUR, False, False)}
    assert {(each.interval, each.snapshot) for each in truths} == {(DAY, True)}
    assert [truth.startup_priority for truth in truths] == list(range(1, len(truths) + 1))


def test_the_names_of_the_first_control_stay() -> None:
    assert [query.name for query in FIRST.queries[:2]] == ["cis_docker_1_2_3", "cis_docker_1_2_3_snapshot"]


# The queries


@pytest.fixture(scope="module", params=sample(HOSTS, one_in=4))
def host(request: pytest.FixtureRequest) -> tuple[Look, str]:
    root, kernel, expected = request.param
    return Look.at(root, kernel), expected


def answers(look: Look, queries: Iterable[Query]) -> dict[str, list[dict[str, Value]]]:
    """Give what a host says to each query, by the query's name."""
    asked = tuple(queries)
    return dict(zip((query.name for query in asked), look.answers(query.sql for query in asked), strict=True))


def test_each_verdict_is_one_row_on_every_host(host: tuple[Look, str]) -> None:
    verdicts = FIRST.queries[:-1]  # the last is that of all controls
    found = answers(host[0], verdicts)
    assert {name: len(rows) for name, rows in found.items()} == {query.name: 1 for query in verdicts}
    for name, (row,) in found.items():
        assert tuple(row)[: len(COLUMNS)] == COLUMNS, name
        assert row["status"] in {status.value for status in Status}, name
        assert [column for column, value in row.items() if value is None] == [], name


def test_the_first_control_judges_each_host(host: tuple[Look, str]) -> None:
    look, expected = host
    found = answers(look, FIRST.queries[:2])
    assert {name: row["status"] for name, (row,) in found.items()} == dict.fromkeys(found, expected)


def test_each_verdict_of_the_newest_benchmark_is_one_row() -> None:
    found = answers(Look.at(DOCKER, listing("covered")), NEWEST.queries[:-1])
    for name, (row,) in found.items():
        assert tuple(row)[: len(COLUMNS)] == COLUMNS, name
        assert row["version"] == CIS_DOCKER[-1].version, name


@each_whole_pack
def test_the_query_of_all_controls_says_what_their_snapshots_say(pack: Pack, benchmark: Benchmark) -> None:
    look = Look.at(DOCKER, listing("short"))
    together = look.rows(pack.queries[-1].sql)
    assert [row["control"] for row in together] == [control.id for control in benchmark.controls]
    own = [{"grep_verdict": "", **row} for query in pack.queries[1:-1:2] for row in look.rows(query.sql)]
    assert together == own


@pytest.mark.parametrize("pack", [FIRST, NEWEST], ids=lambda pack: pack.name)
def test_a_query_of_a_pack_of_verdicts_is_a_statement_that_a_person_can_read(pack: Pack) -> None:
    assert max(query.sql.count("\n") for query in pack.queries) <= 12


def test_the_hosts_show_every_status() -> None:
    assert {expected for _, _, expected in HOSTS.values()} == {"pass", "fail", "unknown", "not_applicable"}


def test_no_query_calls_a_table_more_than_twice(host: tuple[Look, str]) -> None:
    calls: list[str] = []
    often: dict[str, Counter[str]] = {}
    with Database(host[0].tables(calls)) as database:
        for query in (query for pack in (FIRST, GENERAL) for query in pack.queries):
            calls.clear()
            database.query(query.sql)
            often[query.name] = Counter(name for name in calls if name in OURS)
    assert {name: counted for name, counted in often.items() if max(counted.values(), default=0) > 2} == {}


def test_each_query_says_the_same_in_osquery(host: tuple[Look, str]) -> None:
    look, _ = host
    database = core.Database()
    for table in look.tables():
        database.attach(table.schema.name, core.local(table))
    theirs = {query.name: database.query(query.sql.rstrip().rstrip(";")) for query in QUERIES}
    ours = {name: [tuple(row.values()) for row in rows] for name, rows in answers(look, QUERIES).items()}
    assert undated(theirs) == undated(ours)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_is_sql_of_sqlite_itself(query: Query) -> None:
    """With nothing of ours but the names of tables and columns."""
    connection = apsw.Connection(":memory:")
    for schema in (*SCHEMAS, *STAND_INS):
        connection.execute(schema.ddl().replace(" HIDDEN", ""))
    assert list(connection.execute(f"EXPLAIN {query.sql}")) != []


def test_the_status_is_one_row_with_every_column(host: tuple[Look, str]) -> None:
    (sql,) = (query.sql for query in GENERAL.queries if query.name == "audit_rules_status")
    (row,) = host[0].rows(sql)
    assert tuple(row) == next(schema.names for schema in SCHEMAS if schema.name == "audit_status")


def test_the_inventory_is_every_row_with_every_column_but_the_text(host: tuple[Look, str]) -> None:
    (sql,) = (query.sql for query in GENERAL.queries if query.name == "audit_rules_inventory")
    inventory = host[0].rows(sql)
    assert len(inventory) == len(host[0].rows("SELECT * FROM audit_rules"))
    names = next(schema.names for schema in SCHEMAS if schema.name == "audit_rules")
    assert {tuple(row) for row in inventory} == {tuple(name for name in names if name != "text")}


def without_the_extension(sql: str) -> QueryResult:
    with Database(stand_ins(HostSurroundings(str(BARE)), "none", "0", ())) as database:
        return database.query(sql)


def test_the_guard_is_true_only_where_the_table_is() -> None:
    assert len(Look.at(BARE).rows(GUARD)) == 1
    assert without_the_extension(GUARD).rows == ()


def test_the_verdicts_are_guarded_and_the_question_after_the_extension_is_not() -> None:
    assert [pack.discovery for pack in PACKS] == [(GUARD,), (GUARD,), (GUARD,), (GUARD,), ()]


def test_the_question_after_the_extension_has_an_answer_on_every_host() -> None:
    (sql,) = (query.sql for query in GENERAL.queries if query.name == "audit_rules_extension")
    assert Look.at(BARE).rows(sql) == [{"loaded": 1, "version": "0"}]
    assert without_the_extension(sql).rows == ((0, None),)


# Nothing flaps


DIFFERENTIAL = [query for query in QUERIES if not query.snapshot]


def edited(look: Look, before: bytes, after: bytes) -> Look:
    files = tuple(File(file.path, before + (file.content or b"") + after) for file in look.sources.rules_d)
    audit = look.sources.audit_rules
    assert audit is not None
    moved = File(audit.path, before + (audit.content or b"") + after)
    return replace(look, sources=replace(look.sources, rules_d=files, audit_rules=moved))


EDITS = {
    "a comment before": (b"# a comment\n", b""),
    "empty lines": (b"\n\n", b""),
    "a comment behind": (b"", b"\n# a comment\n"),
    "a setting": (b"-b 64\n", b""),
}


def test_a_line_that_changes_no_rule_logs_nothing(host: tuple[Look, str]) -> None:
    look, _ = host
    logged = answers(look, DIFFERENTIAL)
    assert {edit: answers(edited(look, *lines), DIFFERENTIAL) for edit, lines in EDITS.items()} == dict.fromkeys(
        EDITS, logged
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["-w /usr/bin/dockerd -p rwxa -k docker"],
        ["-w /usr/bin/dockerd -p r"],
        ["-w /etc/passwd -p wa"],
        ["-a never,task", "-w /usr/bin/dockerd -p rwxa"],
        [],
    ],
    ids=str,
)
def test_a_restart_of_the_daemon_and_lost_records_log_nothing(lines: list[str]) -> None:
    look = Look.at(DOCKER)
    states = [
        status(pid=pid, lost=lost, backlog=lost, rate_limit=lost, failure=failure)
        for pid, lost, failure in ((612, 0, 1), (9999, 123, 2))
    ]
    one, other = (answers(look.with_listing(saved(*lines, state=state)), DIFFERENTIAL) for state in states)
    assert one == other


def test_the_consumer_and_the_version_of_auditctl_log_nothing() -> None:
    look = Look.at(DOCKER, listing("covered"))
    other = replace(look, sources=replace(look.sources, consumer="osqueryd", auditctl_version="4.0.2"))
    assert answers(other, DIFFERENTIAL) == answers(look, DIFFERENTIAL)


def test_the_snapshot_follows_the_lines() -> None:
    look = Look.at(DOCKER, listing("covered"))
    sql = FIRST.queries[1].sql
    before, after = (str(each.rows(sql)[0]["evidence"]) for each in (look, edited(look, b"# a comment\n", b"")))
    assert "50-docker.rules:3, " in before
    assert after == before.replace("docker.rules:3", "docker.rules:4").replace("audit.rules:7", "audit.rules:8")


# The embedded default


def test_check_says_what_the_queries_of_the_file_say() -> None:
    out = io.StringIO()
    arguments = ["--benchmark", "cis-docker:1.2.0", "--format", "json"]
    assert main(["check", "--root", str(DOCKER), "--kernel", str(listing("covered")), *arguments], stdout=out) == 1
    look = Look.at(DOCKER, listing("covered"))
    queries = read(FOLDER / "cis-docker.conf")["queries"].items()
    own = [row for name, each in queries if "snapshot" not in name for row in look.rows(each["query"])]
    assert json.loads(out.getvalue()) == [{**row, "grep_verdict": row.get("grep_verdict", "")} for row in own]


@pytest.mark.parametrize(
    ("root", "kernel", "code"),
    [(root, kernel, {"fail": 1, "unknown": 3}.get(expected, 0)) for root, kernel, expected in HOSTS.values()],
    ids=HOSTS,
)
def test_check_exits_with_the_verdict(root: Path, kernel: Path | str, code: int) -> None:
    out = io.StringIO()
    command = ["check", "--control", "1.2.3", "--root", str(root), "--kernel", str(kernel), "--format", "json"]
    assert main(command, stdout=out) == code
    (row,) = json.loads(out.getvalue())
    assert tuple(row) == (*COLUMNS, "grep_verdict")
