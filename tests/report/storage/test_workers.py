"""Processes that read logs end with the report, however it ends, and so does its temporary folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from auditrules.report.ingest.log_files import find_files
from auditrules.report.ingest.part import FilePart
from auditrules.report.storage import store as store_module
from auditrules.report.storage import update
from auditrules.report.storage.folders import locked
from auditrules.report.storage.worker import ReadTask
from auditrules.report.storage.workers import Workers
from tests.report.logs import NOON, row, snapshot, write

PROGRAM = [str(Path(sys.executable).with_name("auditrules")), "report"]
# Ctrl-C ends the program also where a shell started the tests in the background, and so had it ignored.
HEEDING = [
    *(sys.executable, "-c"),
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
]
LINE = json.dumps(snapshot("a", NOON, row()))
WAIT = 60.0  # seconds after which a test gives up


def children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except OSError:
        return []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def reads(pid: int, folder: Path) -> bool:
    """Whether a process has a log in a folder open."""
    try:
        return any(each.readlink().parent == folder for each in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def until(found: Callable[[], bool]) -> None:
    """Wait until what is asked is true."""
    end = time.monotonic() + WAIT
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int], Path]]:
    """A report whose workers read; its process, theirs, and the folder of temporary ones."""
    for name in "abcd":
        (tmp_path / name).write_text((LINE + "\n") * 40_000)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = os.environ | {"TMPDIR": str(scratch)}
    files = [str(tmp_path / name) for name in "abcd"]
    with subprocess.Popen(
        [*HEEDING, *PROGRAM, *files], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            until(lambda: any(reads(each, tmp_path) for each in children(process.pid)))
            yield process, children(process.pid), scratch
        finally:
            process.kill()


@pytest.mark.skipif(update.cpu_count() < 2, reason="reads with a process for each core")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.full),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.full),
        (signal.SIGKILL, -9),
    ],
)
def test_no_worker_outlives_a_report(
    running: tuple[subprocess.Popen[bytes], list[int], Path], number: signal.Signals, code: int
) -> None:
    process, workers, scratch = running
    process.send_signal(number)
    _, errors = process.communicate(timeout=WAIT)
    assert process.returncode == code
    until(lambda: not any(map(alive, workers)))
    if number != signal.SIGKILL:
        assert (errors, list(scratch.iterdir())) == (b"", [])


ONE = {
    "a log of lines": (LINE + "\n") * 8000,
    "a document over many lines": "[\n" + f"{LINE},\n" * 100_000 + f"{LINE}\n]",
    "an export": "host_name,control,status\n" + "a,1.2.3,pass\n" * 400_000,
}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(content, marks=() if name == "a log of lines" else pytest.mark.full, id=name)
        for name, content in ONE.items()
    ],
)
def test_an_interrupt_ends_the_reading_of_one_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(content)
    with subprocess.Popen(
        [*HEEDING, *PROGRAM, str(tmp_path / "log")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        until(lambda: reads(process.pid, tmp_path) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=WAIT)
    assert (process.returncode, out, errors) == (130, b"", b"")


def test_a_store_is_in_use_as_long_as_a_worker_lives(tmp_path: Path) -> None:
    """The report that started it may have been killed."""
    (file,), _ = find_files([str(write(tmp_path / "log", [LINE]))])
    with locked(tmp_path / "lock") as lock:
        workers = Workers(1, lock)
        task = ReadTask("name", (FilePart(file),), tmp_path / "store", kept=False, latest=NOON)
        assert [result.lines for result in workers.run([task], lambda _: None, list)] == [1]
    with pytest.raises(BlockingIOError), locked(tmp_path / "lock"):
        pass
    workers.__exit__(None, None, None)
    with locked(tmp_path / "lock"):
        pass


def test_the_bar_moves_within_a_file(tmp_path: Path) -> None:
    moved: list[int] = []
    log = write(tmp_path / "log", [LINE] * 5000)
    with store_module.open_store(None) as opened:
        update.update_store(opened, [str(log)], NOON, lambda _: nullcontext(moved.append))
    assert len(moved) > 1
    assert sum(moved) == log.stat().st_size
