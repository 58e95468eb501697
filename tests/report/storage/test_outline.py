"""The outline that a store keeps: used while it fits, made anew where it does not; what was wrong with it is told."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest

from auditrules.report.evaluate import outline
from auditrules.report.evaluate.duckdb_engine import DuckDb
from auditrules.report.inputs import ReportRequest
from auditrules.report.model import Report
from auditrules.report.pipeline import compact_store
from auditrules.report.storage.registry import OutlineEntry, read_registry
from auditrules.report.storage.store import open_store
from auditrules.report.storage.update import update_store
from tests.report.logs import (
    DAY,
    HOUR,
    NOON,
    Line,
    added,
    failed,
    loaded,
    make_outline,
    outlines_of_few,
    report,
    row,
    snapshot,
    write,
)

DAYS = 9
FIRST = NOON - (DAYS - 1) * DAY
QUERY = "pack_cis-docker_cis_docker_1_2_3_snapshot"
LINES = [snapshot(host, NOON - day * DAY, row()) for day in range(DAYS) for host in "abc"]


@pytest.fixture(autouse=True)
def _of_few_rows() -> Iterator[None]:
    with outlines_of_few(), patch.multiple(outline, MOST=0.5, FRESH=0.2):
        yield


def outlined(logs: Path, *lines: Line, **asked: Any) -> Sequence[str]:
    """Read some logs into their store, and make the outline that a report would make; returns its notes."""
    if lines:
        write(logs / f"{len(list(logs.iterdir()))}.log", lines)
    request = replace(ReportRequest(now=NOON), **asked)
    with open_store(str(store(logs))) as opened:
        update_store(opened, [str(logs)], request.now)
        return make_outline(opened, request)


def reported(logs: Path, *lines: Line) -> Report:
    """Make a report from the store of some logs, which says what one says that goes through all their rows."""
    write(logs / "more.log", lines)
    found = report(logs, store=store(logs), now=NOON + 60)
    with patch.object(outline, "LEAST", float("inf")):
        expected = report(logs, store=store(logs), now=NOON + 60)
    assert replace(found, reading=expected.reading) == expected
    return found


def store(logs: Path) -> Path:
    return logs.parent / "store"


def entry(logs: Path) -> OutlineEntry:
    """What the register says of the outline."""
    found = read_registry(store(logs)).outline
    assert found is not None
    return found


def kept(logs: Path) -> list[Path]:
    """The outlines that are in the store."""
    return list((store(logs) / "outline").iterdir())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs, and a store that has an outline of them."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "logs").mkdir()
    with outlines_of_few():
        outlined(folder / "logs", *LINES)
    return folder


@pytest.fixture
def logs(place: Path, tmp_path: Path) -> Path:
    return shutil.copytree(place, tmp_path / "place") / "logs"


@pytest.fixture
def made(logs: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each outline that is made once that of the logs was."""
    assert kept(logs)
    names: list[str] = []
    create = DuckDb.create

    def noted(self: DuckDb, name: str) -> None:
        names.extend([name] if name == "outline" else [])
        create(self, name)

    monkeypatch.setattr(DuckDb, "create", noted)
    return names


def test_an_outline_is_kept_and_used_again(logs: Path, made: list[str]) -> None:
    before = entry(logs)
    assert [path.stem for path in kept(logs)] == [before["digest"]]
    assert not outlined(logs)
    assert (made, entry(logs)) == ([], before)


def test_an_outline_has_the_first_and_the_last_of_those_that_say_the_same(logs: Path) -> None:
    (file,) = kept(logs)
    found = pq.read_table(file).to_pylist()
    assert sorted((each["host"], (NOON - each["time"]) // DAY, each["continues"]) for each in found) == [
        (f"uuid-{host}", day, int(day == 0)) for host in "abc" for day in (0, DAYS - 1)
    ]


def test_few_new_rows_are_read_beside_the_outline(logs: Path, made: list[str]) -> None:
    before = entry(logs)
    found = reported(logs, snapshot("a", NOON + 60, row("fail")))
    assert [change.after for change in found.changes] == ["fail"]
    assert (made, entry(logs)) == ([], before)


ANEW: dict[str, tuple[list[Line], dict[str, int]]] = {
    "where there is much that is new": ([snapshot("d", NOON - day * DAY, row()) for day in range(DAYS)], {}),
    "where a row stands between others": ([snapshot("a", NOON - 2 * DAY, row("fail"))], {}),
    "where a row is read twice": ([snapshot("a", NOON - 2 * DAY, row())], {}),
    "where a clock was wrong": ([snapshot("a", 5, row())], {}),
    "where a silence may be shorter": ([], {"max_age": 25 * HOUR}),
}


@pytest.mark.parametrize(("lines", "more"), ANEW.values(), ids=ANEW)
def test_an_outline_is_made_anew(lines: list[Line], more: dict[str, int], logs: Path, made: list[str]) -> None:
    assert not outlined(logs, *lines, **more)
    assert made == ["outline"]


def test_an_outline_is_of_queries_that_report_one_control(logs: Path) -> None:
    assert not outlined(logs, snapshot("d", NOON, row(control="1.2.4"), name=QUERY))
    assert entry(logs)["digest"] == ""


def test_a_report_of_an_earlier_moment_reads_all_rows_and_leaves_the_outline(logs: Path, made: list[str]) -> None:
    before = entry(logs)
    outlined(logs, until=NOON - 3 * DAY)
    assert (made, entry(logs)) == ([], before)


def test_a_clock_that_went_back_changes_nothing(logs: Path, made: list[str]) -> None:
    outlined(logs, now=NOON - 3 * DAY)
    assert made == []


TROUBLES: dict[str, list[Line]] = {
    "a query that failed": [failed("a", NOON - 2 * DAY - 60, QUERY)],
    "an extension that is not loaded": [loaded("a", NOON - 2 * DAY - 60, 0), loaded("a", NOON - DAY - 60, 1)],
    "a run without rows": [snapshot("a", NOON - 2 * DAY - 60)],
    "another target at once": [snapshot("a", NOON - 2 * DAY - 60, row(), row("fail", target="/other"))],
    "another target later": [snapshot("a", NOON - 2 * DAY - 60, row("fail", target="/other"))],
    "a row that is removed": [added("a", NOON - 2 * DAY - 60, row(), "removed")],
    "another name of the host": [{**snapshot("a", NOON - 2 * DAY - 60, row("fail")), "hostIdentifier": "a2"}],
}


@pytest.mark.parametrize("lines", TROUBLES.values(), ids=TROUBLES)
def test_what_comes_between_rows_that_are_left_out_is_seen(lines: list[Line], logs: Path) -> None:
    found = reported(logs, *lines)
    assert found.changes or {verdict.since for verdict in found.verdicts if verdict.host == "uuid-a"} != {FIRST}


AT_ONCE: dict[str, list[Line]] = {
    "other evidence at the last moment": [snapshot(host, NOON, row(evidence="other")) for host in "abc"],
    "rows that are read twice after a silence": [
        snapshot(host, NOON - day * DAY, row()) for host in "defgh" for day in (8, 7, 2, 2, 1, 1, 0, 0)
    ],
}


@pytest.mark.parametrize("lines", AT_ONCE.values(), ids=AT_ONCE)
def test_of_rows_at_one_moment_the_same_is_shown(lines: list[Line], logs: Path, made: list[str]) -> None:
    assert reported(logs, *lines).verdicts
    assert made == ["outline"]


def test_an_outline_that_would_not_be_short_is_not_tried_again(tmp_path: Path, made: list[str]) -> None:
    folder = tmp_path / "more" / "logs"
    folder.mkdir(parents=True)
    for _ in range(2):
        outlined(folder, *(snapshot("a", NOON - day * DAY, row("pass" if day % 2 else "fail")) for day in range(DAYS)))
    assert (made, entry(folder)["digest"]) == (["outline"], "")


def _cut(file: Path, _: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def _changed(file: Path, _: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _touched(_: Path, store: Path) -> None:
    os.utime(next(store.glob("observations/*/*")), (1, 1))


WRONG: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "cut off": (_cut, "is damaged"),
    "changed": (_changed, "is damaged"),
    "gone": (lambda file, _: file.unlink(), "is gone"),
    "of other rows": (_touched, "is of files that are gone or changed"),
}


@pytest.mark.parametrize(("harm", "fault"), WRONG.values(), ids=WRONG)
def test_an_outline_that_is_wrong_is_told_and_made_anew(
    harm: Callable[[Path, Path], None], fault: str, logs: Path, made: list[str]
) -> None:
    (file,) = kept(logs)
    harm(file, store(logs))
    assert outlined(logs) == [f"{store(logs)}: its outline {fault}: all rows were read instead"]
    assert made == ["outline"]
    assert not outlined(logs)
    assert [path.stem for path in kept(logs)] == [entry(logs)["digest"]]


def test_an_outline_of_another_version_is_told_and_made_anew(
    logs: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outline, "form", lambda: "another")
    (note,) = outlined(logs)
    assert note == f"{store(logs)}: its outline is of another version of this program: all rows were read instead"
    assert made == ["outline"]


def test_a_day_that_is_forgotten_is_not_in_the_outline(logs: Path, made: list[str]) -> None:
    shutil.rmtree(min(store(logs).glob("observations/*")))
    found = report(logs, store=store(logs), now=NOON + 60)
    assert made == ["outline"]
    assert {verdict.since for verdict in found.verdicts} == {NOON - (DAYS - 2) * DAY}


def test_after_compaction_the_outline_is_made_anew(logs: Path, made: list[str]) -> None:
    outlined(logs, snapshot("a", NOON + 60, row("fail")), now=NOON + 60)
    compact_store(str(store(logs)))
    assert kept(logs) == []
    assert not outlined(logs, now=NOON + 60)
    assert made == ["outline"]


def test_outlines_that_do_not_count_are_removed(logs: Path) -> None:
    (store(logs) / "outline" / "other.parquet").touch()
    with open_store(str(store(logs))):
        assert [path.stem for path in kept(logs)] == [entry(logs)["digest"]]


def test_a_report_without_room_for_an_outline_is_made_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(DuckDb, "write", full)
    logs = tmp_path / "logs"
    logs.mkdir()
    assert outlined(logs, *LINES) == [f"{store(logs)}: its outline could not be kept: No space left on device"]
