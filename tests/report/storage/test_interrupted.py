"""A store that a report dies in, or whose disk is full, at any moment: nothing is lost, and nothing counts twice."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest

from auditrules.report.errors import ReportError
from auditrules.report.evaluate.outline import form
from auditrules.report.inputs import ReportRequest
from auditrules.report.pipeline import compact_store
from auditrules.report.storage.compaction import compact
from auditrules.report.storage.outline import kept_outline
from auditrules.report.storage.registry import read_registry
from auditrules.report.storage.store import open_store
from auditrules.report.storage.update import update_store
from tests.mutations import SOAK
from tests.report.evaluate.logged import NOTHING
from tests.report.logs import (
    DAY,
    NOON,
    Ingested,
    Line,
    added,
    failed,
    ingest,
    loaded,
    make_outline,
    outlines_of_few,
    report,
    row,
    snapshot,
    write,
)

COUNT = 200 if SOAK else 3
PROGRAM = """
import sys
from auditrules.cli import main
from tests.report.logs import outlines_of_few
with outlines_of_few():
    sys.exit(main(sys.argv[1:]))
"""
FIRST, SECOND, THIRD = (
    [snapshot(host, NOON - DAY + number, row()), added(host, NOON + number, row("fail"))]
    for number, host in enumerate("abc")
)
OTHERS: list[Line | str] = [failed("a", NOON, "q"), loaded("a", NOON, 1), "broken"]


class DiedError(BaseException):
    """The process is no more: nothing of it runs that could tidy up."""


class Disk:
    """Counts what is done to a store, and fails at one of these steps, and at all that would follow."""

    def __init__(self, fails_at: float, error: Callable[[], BaseException], *, frees: bool) -> None:
        self.steps, self._fails_at, self._error = 0, fails_at, error
        self._frees = frees  # whether what takes no room still works

    def step(self, real: Callable[..., Any], half: Callable[..., None], *arguments: Any, **more: Any) -> Any:
        self.steps += 1
        if self.steps < self._fails_at:
            return real(*arguments, **more)
        if self.steps == self._fails_at:
            half(*arguments)
        raise self._error()

    @contextmanager
    def failing(self) -> Iterator[None]:
        def half_written(_table: object, path: object, *_: object) -> None:
            Path(str(path)).write_bytes(b"PAR1 half")

        def nothing(*_: object) -> None:
            pass

        taking = [(pq, "write_table", half_written), (pq.ParquetWriter, "write_table", nothing), (os, "fsync", nothing)]
        freeing = [] if self._frees else [(Path, "unlink", nothing), (Path, "replace", nothing)]
        with ExitStack() as stack:
            for owner, name, half in [*taking, *freeing]:
                real = getattr(owner, name)

                def done(*arguments: Any, real: Any = real, half: Any = half, **more: Any) -> Any:
                    return self.step(real, half, *arguments, **more)

                stack.enter_context(patch.object(owner, name, done))
            yield


FAILURES: dict[str, tuple[Callable[[], BaseException], bool]] = {
    "the report dies": (DiedError, False),
    "the disk is full": (lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), True),
}


@pytest.fixture(scope="module", autouse=True)
def unsynced() -> Iterator[None]:
    """Leave out what takes most of the time, and matters where the power fails alone."""
    with patch.object(os, "fsync", lambda _: None):
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with logs, and a store that two runs made before the last log was there."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "logs").mkdir()
    for name, lines in (("1", FIRST), ("2", [*SECOND, *OTHERS])):
        write(folder / "logs" / name, lines)
        ingest(folder / "logs", store=folder / "store", now=NOON + 10)
    write(folder / "logs" / "3", THIRD)
    return folder


def run(place: Path, store: Path) -> None:
    """Read what is new, make an outline, and compact the store, as two reports do."""
    with outlines_of_few(), open_store(str(store)) as opened:
        update_store(opened, [str(place / "logs")], NOON + 10)
        make_outline(opened, ReportRequest(now=NOON + 10))
    with open_store(str(store)) as opened:
        compact(opened, whole=True)


def summed(found: Ingested) -> object:
    """What every report stands on, however many files hold it."""
    tables = {name: sorted(map(json.dumps, rows)) for name, rows in found.tables.items() if name != "decorations"}
    tables["decorations"] = sorted({f"{each['host']} {each['value']}" for each in found.tables["decorations"]})
    return tables, found.counts[1:], found.reading.broken


@pytest.fixture(scope="module")
def expected(place: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    store = shutil.copytree(place / "store", tmp_path_factory.mktemp("whole") / "store")
    run(place, store)
    return summed(ingest(place / "logs", store=store, now=NOON + 10))


def test_a_compacted_store_holds_what_the_logs_hold(place: Path, expected: object) -> None:
    assert expected == summed(ingest(place / "logs", now=NOON + 10))


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.full)])
@pytest.mark.parametrize("failure", FAILURES)
def test_at_whichever_step_a_run_ends_the_next_one_has_it_all_once(
    failure: str, every: int, place: Path, expected: object, tmp_path: Path
) -> None:
    error, frees = FAILURES[failure]
    counted = Disk(float("inf"), error, frees=frees)
    with counted.failing():
        run(place, shutil.copytree(place / "store", tmp_path / "counted"))
    assert counted.steps > 30
    for step in range(1, counted.steps + 1, every):
        store = shutil.copytree(place / "store", tmp_path / str(step))
        with Disk(step, error, frees=frees).failing(), pytest.raises((DiedError, OSError)):
            run(place, store)
        with open_store(str(store)) as opened:
            assert kept_outline(opened, opened.files()["observations"], form())[1] == "", step
            update_store(opened, [str(place / "logs")], NOON + 10)
            compact(opened, whole=True)
        assert summed(ingest(place / "logs", store=store, now=NOON + 10)) == expected, step
        assert len(list(store.glob("observations/*/*"))) == 2, step  # one of each day, and nothing that was left
        registry = read_registry(store)
        assert (registry.writing, registry.replaced) == ("", []), step


def test_a_run_without_room_leaves_no_file_behind(place: Path, tmp_path: Path) -> None:
    store = shutil.copytree(place / "store", tmp_path / "store")
    before = sorted(store.glob("**/*.parquet"))
    error, frees = FAILURES["the disk is full"]
    with Disk(6, error, frees=frees).failing(), pytest.raises(OSError, match="No space"):
        run(place, store)
    assert sorted(store.glob("**/*.parquet")) == before


def test_a_store_that_cannot_be_compacted_is_as_it_was_and_says_so(place: Path, tmp_path: Path) -> None:
    store = shutil.copytree(place / "store", tmp_path / "store")
    before = sorted(store.glob("**/*.parquet"))
    error, frees = FAILURES["the disk is full"]
    with Disk(4, error, frees=frees).failing(), pytest.raises(ReportError) as raised:
        compact_store(str(store))
    assert str(raised.value) == f"{store}: cannot be compacted, and is as it was: No space left on device"
    assert sorted(store.glob("**/*.parquet")) == before


def killed(command: list[str], moment: float) -> bool:
    """Run a command, and kill it at a moment; returns False where it had ended by then."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL) or b"another report is using this store" in errors, errors
    return process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("count", [pytest.param(COUNT, id=f"killed {COUNT} times")])
def test_reports_that_are_killed_at_random_lose_nothing(count: int, tmp_path: Path) -> None:
    chance = random.Random(count)  # noqa: S311 - not for secrets
    logs, store = tmp_path / "logs", tmp_path / "store"
    logs.mkdir()
    command = [sys.executable, "-c", PROGRAM, "report", str(logs), "--store", str(store), "--until", "2026-11-23T13:00"]
    long, kills = 0.0, 0
    for number in range(count):
        with (logs / f"{number % 5}").open("a") as log:  # some are new, others grow
            lines = [snapshot(f"h{each}", NOON - number * 1000 - each, row()) for each in range(300)]
            log.writelines(json.dumps(line) + "\n" for line in lines)
        asked = [*command, "--compact"] if chance.random() < 0.5 else command
        if not long:
            begin = time.monotonic()
            subprocess.run(asked, check=True, stdout=subprocess.DEVNULL)
            long = time.monotonic() - begin
        else:
            kills += killed(asked, chance.uniform(0.2, 1.1) * long)
    found = ingest(logs, store=store, now=NOON + 3600)
    assert found.counts[1:] == ingest(logs, now=NOON + 3600).counts[1:] == (300 * count, 0)
    assert not found.reading.unread
    with outlines_of_few():
        outlined = report(logs, store=store, now=NOON + 3600)
    assert replace(outlined, reading=NOTHING, notes=()) == replace(
        report(logs, now=NOON + 3600), reading=NOTHING, notes=()
    )
    assert list((store / "outline").iterdir())
    assert kills >= count // 4  # the others had ended by then
