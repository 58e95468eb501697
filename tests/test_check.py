"""Controls into verdicts: one row each or an error, and the exit code of them all."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from auditrules.check import COLUMNS, CheckError, Status, check, exit_code, statuses
from auditrules.sql.result import Result, Value


@dataclass(frozen=True, slots=True)
class Control:
    id: str
    query: str
    benchmark: str = "CIS"
    version: str = "1.0"


def verdict(status: str, **extra: Value) -> Result:
    row = {**dict.fromkeys(COLUMNS, ""), "status": status, **extra}
    return Result(tuple(row), (tuple(row.values()),))


def checked(*results: Result) -> Result:
    answers = {str(number): result for number, result in enumerate(results)}
    return check([Control(f"1.{number}", number) for number in answers], answers.__getitem__)


def test_a_check_has_one_row_a_control_in_order() -> None:
    assert statuses(checked(verdict("pass"), verdict("fail"))) == (Status.PASS, Status.FAIL)


def test_columns_stand_in_the_same_order_whatever_the_query_says() -> None:
    shuffled = verdict("pass", control="1.0")
    turned = Result(shuffled.columns[::-1], tuple(row[::-1] for row in shuffled.rows))
    assert checked(turned) == shuffled


def test_further_columns_of_a_control_are_kept() -> None:
    result = checked(verdict("pass"), verdict("fail", grep_verdict="pass"))
    assert result.columns == (*COLUMNS, "grep_verdict")
    assert [row[-1] for row in result.rows] == [None, "pass"]


BROKEN = (
    (Result(COLUMNS, ()), "CIS 1.0, control 1.0: its query gave 0 rows, expected one"),
    (Result(COLUMNS, (verdict("pass").rows[0],) * 2), "CIS 1.0, control 1.0: its query gave 2 rows, expected one"),
    (Result(COLUMNS[:-2], ()), "CIS 1.0, control 1.0: its query gave no column remediation, next_boot"),
    (
        verdict("passed"),
        "CIS 1.0, control 1.0: its query gave the status 'passed', expected one of fail, unknown, pass, not_applicable",
    ),
)


@pytest.mark.parametrize(("result", "message"), BROKEN)
def test_a_query_without_a_verdict_is_an_error(result: Result, message: str) -> None:
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
