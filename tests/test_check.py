"""Controls into verdicts: one row each or an error, and the exit code of them all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.check import COLUMNS, CheckError, Status, check, exit_code, statuses
from auditrules.sql.result import QueryResult
from tests.fixtures.judged import DAEMON

WANTED = (*COLUMNS, "grep_verdict")


def verdict(status: str) -> QueryResult:
    row = {**dict.fromkeys(WANTED, ""), "status": status}
    return QueryResult(tuple(row), (tuple(row.values()),))


def checked(*results: QueryResult) -> QueryResult:
    controls = [replace(DAEMON, id=f"1.{number}") for number, _ in enumerate(results)]
    answers = iter(results)
    return check(controls, lambda _sql: next(answers))


def test_a_check_has_one_row_a_control_in_order() -> None:
    assert statuses(checked(verdict("pass"), verdict("fail"))) == (Status.PASS, Status.FAIL)


def test_a_check_asks_the_table_for_one_control_at_a_time() -> None:
    asked: list[str] = []

    def query(sql: str) -> QueryResult:
        asked.append(sql)
        return verdict("pass")

    check([DAEMON], query)
    (sql,) = asked
    assert sql.endswith(
        " FROM audit_verdicts WHERE benchmark = 'CIS Docker Benchmark' AND version = '1.2.0' AND control = '1.2.3'"
    )


NAME = "CIS Docker Benchmark 1.2.0, control 1.0: audit_verdicts gave"
BROKEN = (
    (QueryResult(WANTED, ()), f"{NAME} 0 rows, expected one"),
    (QueryResult(WANTED, (verdict("pass").rows[0],) * 2), f"{NAME} 2 rows, expected one"),
    (verdict("passed"), f"{NAME} the status 'passed', expected one of fail, unknown, pass, not_applicable"),
)


@pytest.mark.parametrize(("result", "message"), BROKEN)
def test_a_table_without_a_verdict_is_an_error(result: QueryResult, message: str) -> None:
    with pytest.raises(CheckError) as caught:
        checked(result)
    assert str(caught.value) == message


EXITS = (
    (("pass", "not_applicable"), 0),
    (("pass", "unknown"), 3),
    (("unknown", "fail", "pass"), 1),
    (("fail",), 1),
    ((), 0),
)


@pytest.mark.parametrize(("found", "code"), EXITS)
def test_the_worst_status_decides_the_exit_code(found: tuple[str, ...], code: int) -> None:
    assert exit_code(checked(*map(verdict, found))) == code
