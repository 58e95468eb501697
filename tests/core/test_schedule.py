"""osqueryd's schedule, case by case; test_captured replays what a real osqueryd logged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.core.logger import RESULTS, SNAPSHOTS, Log, Row, StatusLog
from tests.core.schedule import Flags, Kept, Osqueryd, QueryError

START = 1_795_425_000  # 2026-11-23 09:10:00 UTC


class Host:
    """A host with one pack, whose one query gives what the test wants."""

    def __init__(self, folder: Path, *, discovery: Sequence[str] = (), **query: Any) -> None:
        self.folder = folder
        self.rows: list[Row] | QueryError = [{"a": "1"}]
        self.discovered = True
        self.kept = Kept()
        self.pack = {"discovery": discovery, "queries": {"q": {"query": "SELECT a", "interval": 60, **query}}}

    def started(self, at: int = START, *, epoch: int = 0, **flags: Any) -> Osqueryd:
        return Osqueryd(
            Flags("web-1", epoch, **{"schedule_splay_percent": 0, **flags}),
            {"p": self.pack},
            self.ask,
            (Log(self.folder), StatusLog(self.folder, "web-1", 700)),
            decorations={},
            kept=self.kept,
            start=at,
        )

    def ask(self, sql: str) -> Sequence[Row]:
        if sql != "SELECT a":
            return [{"1": "1"}] if self.discovered else []
        if isinstance(self.rows, QueryError):
            raise self.rows
        return self.rows

    def said(self, name: str = RESULTS) -> list[tuple[int, int, Any]]:
        """Give the time after the start, the counter and the rows of each line."""
        return [
            (said["unixTime"] - START, said["counter"], said.get("snapshot") or (said["action"], said["columns"]["a"]))
            for said in map(json.loads, _lines(self.folder / name))
        ]

    def status(self) -> list[str]:
        return [line.partition("] ")[2] for line in _lines(self.folder / "osqueryd.INFO")[4:]]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_differential_is_logged_where_it_changes(host: Host) -> None:
    daemon = host.started()
    daemon.run(START + 150)
    host.rows = [{"a": "2"}]
    daemon.run(START + 300)
    assert host.said() == [(60, 0, ("added", "1")), (180, 1, ("removed", "1")), (180, 1, ("added", "2"))]


def test_without_removed_a_row_that_is_gone_moves_the_counter_alone(tmp_path: Path) -> None:
    host = Host(tmp_path, removed=False)
    daemon = host.started()
    daemon.run(START + 60)
    host.rows = []
    daemon.run(START + 120)
    host.rows = [{"a": "1"}]
    daemon.run(START + 180)
    assert host.said() == [(60, 0, ("added", "1")), (180, 2, ("added", "1"))]


def test_a_row_as_often_as_it_is_there(host: Host) -> None:
    daemon = host.started()
    host.rows = [{"a": "1"}, {"a": "1"}]
    daemon.run(START + 60)
    host.rows = [{"a": "1"}]
    daemon.run(START + 120)
    assert host.said() == [(60, 0, ("added", "1"))] * 2 + [(120, 1, ("removed", "1"))]


def test_a_restart_logs_nothing_anew(host: Host) -> None:
    host.started().run(START + 60)
    host.started(START + 90).run(START + 200)
    assert host.said() == [(60, 0, ("added", "1"))]


def test_a_new_epoch_logs_all_rows_anew(host: Host) -> None:
    host.started().run(START + 60)
    host.started(START + 90, epoch=1).run(START + 200)
    assert host.said() == [(60, 0, ("added", "1")), (120, 0, ("added", "1"))]
    assert host.status() == ["New Epoch 1 for scheduled query pack_p_q"]


def test_a_wiped_database_logs_all_rows_anew(host: Host) -> None:
    host.started().run(START + 60)
    host.kept = Kept()
    host.started(START + 90).run(START + 200)
    assert host.said() == [(60, 0, ("added", "1")), (120, 0, ("added", "1"))]


@pytest.mark.parametrize(("snapshot", "name", "logged"), [(False, RESULTS, "é\\\\x0A"), (True, SNAPSHOTS, "é\\n")])
def test_a_differential_is_logged_with_escapes_of_its_own_and_a_snapshot_without(
    tmp_path: Path, snapshot: bool, name: str, logged: str
) -> None:
    host = Host(tmp_path, snapshot=snapshot)
    host.rows = [{"a": "é\n"}]
    host.started().run(START + 60)
    (line,) = _lines(tmp_path / name)
    assert f'{{"a":"{logged}"}}' in line


def test_a_query_that_fails_leaves_no_line_but_in_the_status_files(host: Host) -> None:
    host.rows = QueryError("no such table: audit_rules")
    host.started().run(START + 60)
    assert host.said() == []
    assert host.status() == ["Error executing scheduled query pack_p_q: no such table: audit_rules"]


def test_a_pack_whose_discovery_finds_nothing_is_silent_until_it_is_asked_again(tmp_path: Path) -> None:
    host = Host(tmp_path, discovery=["SELECT 1"])
    host.discovered = False
    daemon = host.started(pack_refresh_interval=300)
    daemon.run(START + 120)
    host.discovered = True
    daemon.run(START + 500)
    assert host.said() == [(360, 0, ("added", "1"))]


def test_a_query_with_a_startup_priority_runs_at_the_start_too(tmp_path: Path) -> None:
    host = Host(tmp_path, snapshot=True, startup_priority=1)
    host.started(START + 7).run(START + 60)
    assert host.said(SNAPSHOTS) == [(7, 0, [{"a": "1"}]), (60, 0, [{"a": "1"}])]


def test_the_splay_moves_an_interval_by_at_most_its_part_and_stays(tmp_path: Path) -> None:
    host = Host(tmp_path, snapshot=True, interval=1000)
    for _ in range(2):
        host.started(schedule_splay_percent=10).run(START + 10_000)
    times = [time for time, _, _ in host.said(SNAPSHOTS)]
    steps = {after - before for before, after in pairwise(times) if after > before}
    assert len(steps) == 1
    assert 900 <= min(steps) <= 1100


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []
