"""What the comparison with a kernel makes of guests that are out of time, or die; no kernel is asked here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.vm import ask, truth
from tests.vm.ask import Case, Row
from tests.vm.contents import RigError
from tests.vm.guest import Guest

GUEST = Guest(Path("/boot/vmlinuz-6.1"), Path("/none"), b"")
CASES: list[Case] = [{"number": number} for number in range(10)]


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests that make four cases each, of which the second one dies."""
    guests = iter((4, 0))

    def asked(_: Guest, cases: Sequence[Case]) -> list[Row]:
        made = next(guests)
        if not made:
            raise RigError("the guest died\nand said nothing")
        return list(cases[:made])

    monkeypatch.setattr(ask, "_asked", asked)


@pytest.mark.usefixtures("dies")
def test_the_rows_of_the_guests_before_the_one_that_dies_are_kept_and_the_others_counted() -> None:
    rows, unanswered = truth.answered(GUEST, CASES, "x")
    assert [row["number"] for row in rows] == [0, 1, 2, 3]
    assert unanswered == {"the guest died\nand said nothing": 6}


@pytest.mark.parametrize(("rows", "code"), [([{"agrees": True}], 0), ([{"agrees": False}], 1), ([], 2)])
def test_it_ends_by_what_it_found_also_where_a_guest_died(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rows: list[Row], code: int
) -> None:
    def again(*_: object) -> list[Row]:
        raise RigError("the guest died")

    monkeypatch.setattr(Guest, "ready", lambda: GUEST)
    monkeypatch.setattr(truth, "answered", lambda *_: (rows, {"the guest died\nthere": 6}))
    monkeypatch.setattr(truth, "disagreements", lambda row: iter(() if row["agrees"] else ("differs",)))
    monkeypatch.setattr(truth, "shrunk", lambda wrong, *_: again() if wrong else [])
    monkeypatch.setattr(truth, "shown", lambda _: iter(("the case",)))
    monkeypatch.setattr(truth, "summary", lambda _: "none")
    assert truth.main(["--count", "1"]) == code
    said = capsys.readouterr().out
    assert "6 cases were not answered: the guest died\n" in said
    assert ("the case" in said) is (code == 1)
    assert said.endswith(f"{len(rows)} cases, {sum(not row['agrees'] for row in rows)} disagree; none\n")
