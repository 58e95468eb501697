"""What is kept of what was read: nothing is read twice, and nothing is missed."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from auditrules.report.errors import ReportError
from auditrules.report.pipeline import compact_store
from auditrules.report.storage import compaction, update
from auditrules.report.storage.store import Store, open_store
from tests.report.logs import DAY, NOON, ingest, report, row, said, snapshot, write
from tests.sampled import sampled

LINES = [snapshot("a", NOON - number, row()) for number in range(10)]
NEWER = snapshot("a", NOON + 1, row("fail"))


def _counts(log: Path, folder: Path) -> tuple[int, int, int]:
    return ingest(log, store=folder, now=NOON + 10).counts


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    assert _counts(log, tmp_path / "store") == (10, 10, 0)
    assert _counts(log, tmp_path / "store") == (0, 10, 0)


def test_of_a_log_that_grew_only_the_new_lines_are_read(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    ingest(log, store=tmp_path / "store")
    with log.open("a") as file:
        file.write(f"{json.dumps(NEWER)}\nbroken\n")
    found = ingest(log, store=tmp_path / "store", now=NOON + 10)
    assert found.counts == (2, 11, 0)
    assert [each.line for each in found.reading.first_broken] == [12]
    assert found.said == [("a", "1.2.3", "fail", "no_rule"), ("a", "1.2.3", "pass", "covered")]


def test_a_line_that_was_not_whole_is_read_when_it_is(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    text = json.dumps(NEWER)
    with log.open("a") as file:
        file.write(text[:100])
    assert ingest(log, store=tmp_path / "store").reading.broken == 1
    with log.open("a") as file:
        file.write(f"{text[100:]}\n")
    assert _counts(log, tmp_path / "store") == (1, 11, 0)


def test_a_log_is_known_under_another_name(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    ingest(log, store=tmp_path / "store")
    assert _counts(log.rename(tmp_path / "log.1"), tmp_path / "store") == (0, 10, 0)


def test_a_log_is_known_when_it_was_packed(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    ingest(log, store=tmp_path / "store")
    packed = tmp_path / "log.2.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    assert _counts(packed, tmp_path / "store") == (0, 10, 0)


def test_another_log_in_the_same_place_is_read_whole(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    ingest(log, store=tmp_path / "store")
    write(log, [snapshot("b", NOON - number, row()) for number in range(12)])
    assert _counts(log, tmp_path / "store") == (12, 22, 0)


def test_a_log_that_only_begins_alike_is_read_whole(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    ingest(log, store=tmp_path / "store")
    write(log, [*LINES[:5], *(snapshot("b", NOON - number, row()) for number in range(20))])
    assert _counts(log, tmp_path / "store") == (25, 30, 5)


def test_a_log_that_is_gone_is_still_reported(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    first = ingest(log, store=tmp_path / "store")
    log.unlink()
    assert ingest(tmp_path, store=tmp_path / "store").tables == first.tables


def test_rows_are_kept_by_day(tmp_path: Path) -> None:
    times = (NOON, NOON - DAY, 12)
    ingest(write(tmp_path / "log", [snapshot("a", time, row()) for time in times]), store=tmp_path / "store")
    assert sorted(path.name for path in (tmp_path / "store" / "observations").iterdir()) == [
        "day=2026-11-22",
        "day=2026-11-23",
        "day=undated",
    ]


def test_observations_have_the_digests_of_their_hosts_and_targets(tmp_path: Path) -> None:
    rows = [
        row(target=target, control=control) for control, target in (("1.2.3", "/a"), ("1.2.3", "/b"), ("1.2.4", "/a"))
    ]
    ingest(write(tmp_path / "log", [snapshot(host, NOON, *rows) for host in "ab"]), store=tmp_path / "store")
    observations, sightings, query_targets = (
        pq.read_table(tmp_path / "store" / name).to_pylist() for name in ("observations", "sightings", "query_targets")
    )
    hosts = {(each["host"], each["name"], each["host_digest"]) for each in observations}
    columns = ("benchmark", "version", "control", "target", "target_digest")
    targets = {tuple(each[name] for name in columns) for each in observations}
    assert hosts == {(each["host"], each["name"], each["host_digest"]) for each in sightings}
    assert targets == {tuple(each[name] for name in columns) for each in query_targets}
    assert (len(hosts), len(targets)) == (2, 3)


def test_a_store_gives_the_report_that_the_logs_give(tmp_path: Path) -> None:
    log = write(tmp_path / "log", [*LINES, NEWER])
    assert report(log, store=tmp_path / "store", now=NOON + 10) == report(log, now=NOON + 10)


def test_a_folder_of_something_else_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "letter.txt").touch()
    with pytest.raises(ReportError) as raised:
        report(write(tmp_path / "log", LINES), store=tmp_path / "store")
    assert str(raised.value) == f"{tmp_path}/store: expected a store or an empty folder, found letter.txt"


OTHER_FORMATS = {
    '{"format": 3, "counted": [], "seen": {}, "places": {}}': "one of format 3, of an earlier auditrules: empty this "
    "folder, or give another",
    '{"format": 5}': "one of format 5, of a later auditrules: upgrade this one, or give another",
    **dict.fromkeys(("", "[]", "{}"), "something else: give another folder, or empty this one"),
}


@pytest.mark.parametrize(("content", "found"), OTHER_FORMATS.items())
def test_a_store_of_another_format_is_refused(content: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "read.json").write_text(content)
    with pytest.raises(ReportError) as raised, open_store(str(tmp_path)):
        pass
    assert str(raised.value) == (
        f"{tmp_path}/read.json: expected a store of format 4, found {found}, and all logs are read again"
    )


def test_a_store_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(ReportError) as raised, open_store(str(tmp_path)):
        pass
    assert str(raised.value) == (
        f"{tmp_path}: expected a store of the user who makes the report (uid {own + 1}), found one of uid {own}: make "
        "the report as that user, or give another folder"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
def test_a_store_that_cannot_be_written_is_refused(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(ReportError) as raised, open_store(str(tmp_path)):
        pass
    assert str(raised.value) == (f"{tmp_path}: cannot be a store, to which every report writes: {os.strerror(number)}")


def test_a_store_that_was_written_before_there_was_compaction_is_read(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    ingest(log, store=tmp_path / "store")
    path = tmp_path / "store" / "read.json"
    content = json.loads(path.read_bytes())
    del content["writing"], content["replaced"]
    path.write_text(json.dumps(content))
    assert _counts(log, tmp_path / "store") == (0, 10, 0)


def test_a_store_with_very_many_small_files_is_compacted_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MOST_SMALL", 3)
    for number in range(3):
        ingest(write(tmp_path / str(number), [snapshot("a", NOON - number, row())]), store=tmp_path / "store")
    assert report(tmp_path / "0", store=tmp_path / "store").reading.rows == 3
    assert len(list(tmp_path.glob("store/observations/*/*"))) == 1
    assert _counts(tmp_path / "0", tmp_path / "store") == (0, 3, 0)


def test_a_store_that_has_no_room_for_compaction_gives_its_report_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(compaction, "MOST_SMALL", -1)
    ingest(write(tmp_path / "log", LINES), store=tmp_path / "store")
    log = write(tmp_path / "new", [NEWER])
    monkeypatch.setattr("auditrules.report.pipeline.compact", full)
    found = report(log, store=tmp_path / "store", now=NOON + 10)
    assert said(found) == [("a", "1.2.3", "fail", "no_rule")]
    assert found.notes == (
        f"{tmp_path}/store: its many small files could not be made few, and are as they were: No space left on device",
    )


def test_small_files_are_joined_in_groups_of_rows_that_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MOST_ROWS", 4)
    for number in range(6):
        ingest(write(tmp_path / str(number), [snapshot("a", NOON - number, row())]), store=tmp_path / "store")
    compact_store(str(tmp_path / "store"))
    (path,) = tmp_path.glob("store/observations/*/*")
    with pq.ParquetFile(path) as file:
        assert [file.metadata.row_group(each).num_rows for each in range(file.num_row_groups)] == [4, 2]


def test_two_reports_do_not_use_a_store_at_once(tmp_path: Path) -> None:
    with open_store(str(tmp_path)), pytest.raises(ReportError) as raised, open_store(str(tmp_path)):
        pass
    assert str(raised.value) == f"{tmp_path}: another report is using this store: wait until it ends"


def test_a_store_is_its_owners_alone(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "store")) as opened:
        assert opened.folder.stat().st_mode & 0o777 == 0o700


def test_a_broken_line_is_told_by_every_later_report(tmp_path: Path) -> None:
    log = write(tmp_path / "log", [*LINES, "broken"])
    first = ingest(log, store=tmp_path / "store").reading
    again = ingest(log, store=tmp_path / "store").reading
    assert (again.broken, again.first_broken) == (1, first.first_broken)
    with log.rename(tmp_path / "log.1").open("a") as file:
        file.write("more\n")
    later = ingest(tmp_path / "log.1", store=tmp_path / "store").reading
    assert (later.broken, sorted(each.line for each in later.first_broken)) == (2, [11, 12])


def test_a_last_line_without_an_end_is_told_until_it_has_one(tmp_path: Path) -> None:
    log = write(tmp_path / "log", LINES)
    with log.open("a") as file:
        file.write("{")
    assert ingest(log, store=tmp_path / "store").reading.broken == 1
    with log.open("a") as file:
        file.write("}\nbroken\n")
    reading = ingest(log, store=tmp_path / "store").reading
    assert (reading.broken, [each.line for each in reading.first_broken]) == (1, [12])


BAD_REGISTRIES = [
    '{"format": 4, "row_counts": [], "read": {}, "positions": {"a": 1}}',
    '{"format": 4, "row_counts": [], "read": {"a": null}, "positions": {}}',
    '{"format": 4, "row_counts": [], "read": {}, "positions": {}, "problems": {"a": {"broken": "x"}}}',
    "[" * 100_000,
]


@pytest.mark.parametrize("content", BAD_REGISTRIES)
def test_a_store_that_was_tampered_with_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "read.json").write_text(content)
    with pytest.raises(ReportError) as raised, open_store(str(tmp_path)):
        pass
    assert str(raised.value) == (
        f"{tmp_path}/read.json: expected a store of format 4, found something else: give another folder, or empty this "
        "one, and all logs are read again"
    )


def test_a_store_whose_register_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "read.json").mkdir()
    with pytest.raises(ReportError) as raised, open_store(str(tmp_path)):
        pass
    assert str(raised.value) == f"{tmp_path}/read.json: cannot be read: Is a directory"


def test_a_store_whose_first_run_died_is_a_store(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "read.json.new").touch()
    assert _counts(write(tmp_path / "log", LINES), tmp_path / "store") == (10, 10, 0)


CUT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "cut at its end": lambda content: content[:-1],
    "something else": lambda _: b"PAR1 is no Parquet",
}


@sampled("cut", CUT, one_in=2)
def test_a_part_that_is_not_whole_is_left_out_and_named(cut: Callable[[bytes], bytes], tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(write(tmp_path / "old", [snapshot("a", NOON, row())]), store=store)
    (part,) = store.glob("observations/*/*.parquet")
    part.write_bytes(cut(part.read_bytes()))
    found = ingest(write(tmp_path / "new", [snapshot("b", NOON, row("fail"))]), store=store)
    assert found.said == [("b", "1.2.3", "fail", "no_rule")]
    assert [each.file for each in found.reading.unreadable] == [str(part)]
    assert found.reading.unread


@pytest.mark.parametrize("compacted", [False, True])
def test_a_part_that_is_gone_is_named_by_every_later_report(tmp_path: Path, compacted: bool) -> None:
    store = tmp_path / "store"
    old = write(tmp_path / "old", [snapshot("a", NOON, row())])
    ingest(old, store=store)
    (part,) = store.glob("observations/*/*.parquet")
    part.unlink()
    new = write(tmp_path / "new", [snapshot("b", NOON, row("fail"))])
    for _ in range(2):
        found = ingest(old, new, store=store)
        assert [(each.file, "gone" in each.cause) for each in found.reading.unreadable] == [(str(part), True)]
        if compacted:
            compact_store(str(store))


def test_a_day_that_is_forgotten_is_not_missed_when_it_has_other_parts_again(tmp_path: Path) -> None:
    store = tmp_path / "store"
    ingest(write(tmp_path / "old", [snapshot("a", NOON, row())]), store=store)
    (day,) = store.glob("observations/*")
    shutil.rmtree(day)
    for name in "bc":
        found = ingest(write(tmp_path / name, [snapshot(name, NOON, row())]), store=store)
        assert not found.reading.unreadable
    assert day.exists()


def test_parts_that_were_replaced_are_not_missed(tmp_path: Path) -> None:
    store = tmp_path / "store"
    for host in "ab":
        ingest(write(tmp_path / host, [snapshot(host, NOON, row())]), store=store)
    compact_store(str(store))
    assert not ingest(write(tmp_path / "c", [snapshot("c", NOON, row())]), store=store).reading.unreadable


def test_a_log_that_is_renamed_while_it_is_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write(tmp_path / "log", LINES)
    saved = Store.mark_read

    def renamed(self: Store, *arguments: Any) -> str:
        if log.exists():
            log.rename(tmp_path / "log.1")
        return saved(self, *arguments)

    monkeypatch.setattr(Store, "mark_read", renamed)
    assert _counts(log, tmp_path / "store") == (10, 10, 0)
    assert _counts(tmp_path / "log.1", tmp_path / "store") == (0, 10, 0)


def test_a_log_that_is_removed_before_it_is_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write(tmp_path / "log", LINES)
    gone = write(tmp_path / "gone", LINES)

    def removed(*_: object) -> tuple[int, int]:
        gone.unlink(missing_ok=True)
        return 0, 0

    monkeypatch.setattr(update, "_resume_point", removed)
    found = ingest(log, gone, store=tmp_path / "store").reading
    assert [(each.file, each.cause) for each in found.unreadable] == [(str(gone), "No such file or directory")]


@pytest.mark.parametrize("kept", [True, False], ids=["the store", "the temporary folder"])
def test_a_full_disk_is_said_in_words(kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("auditrules.report.storage.worker.pq.write_table", full)
    with pytest.raises(ReportError, match=r": cannot be written: No space left on device\Z"):
        report(write(tmp_path / "log", LINES), store=tmp_path / "store" if kept else None)


def test_two_runs_in_one_second_keep_what_both_read(tmp_path: Path) -> None:
    ingest(write(tmp_path / "one", [snapshot("a", NOON, row())]), store=tmp_path / "store")
    found = ingest(write(tmp_path / "two", [snapshot("b", NOON, row())]), store=tmp_path / "store")
    assert found.counts == (1, 2, 0)
