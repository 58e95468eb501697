"""Runs processes that read logs. They end when this process ends, for whatever reason."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from types import TracebackType
from typing import TYPE_CHECKING

from auditrules.report.ingest.log_files import SourceError
from auditrules.report.ingest.part import Advance, PartResult
from auditrules.report.storage.worker import ReadTask, run_task

if TYPE_CHECKING:
    from typing_extensions import Self


_INTERVAL = 0.2  # seconds between two looks at how much was read

_read_bytes: Synchronized[int] | None = None  # of this process, where it is a worker
_lock: Connection | None = None


class Workers:
    """A pool of processes that run tasks, as a context manager. At its end, remaining tasks are given up."""

    def __init__(self, count: int, lock: int) -> None:
        """Start a process for each task, but at most `count`. Each process holds the lock, too, as long as it lives."""
        context = get_context("spawn")  # a fork would copy the locks of threads as they are
        self._strangers = set(active_children())
        # Nothing is ever sent: a worker ends as soon as this process closes its end, or is no more.
        self._alive, self._ours = context.Pipe(duplex=False)
        self._bytes: Synchronized[int] = context.Value("q", 0)
        self._lock = Connection(os.dup(lock), writable=False)  # as what a process can be given; nobody reads it
        self._pool = ProcessPoolExecutor(count, context, _start, (self._alive, self._bytes, self._lock))

    def __enter__(self) -> Self:
        """Return the pool."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes; at once after an error or Ctrl-C."""
        if kind is None:
            self._pool.shutdown()
        for process in set(active_children()) - self._strangers:
            process.kill()  # also one that has not yet begun, and would complain
        self._ours.close()
        self._pool.shutdown(cancel_futures=True)
        self._alive.close()
        self._lock.close()

    def run(
        self, tasks: Sequence[ReadTask], advance: Advance, meanwhile: Callable[[], list[PartResult]]
    ) -> Iterator[PartResult]:
        """Run tasks, and `meanwhile` in this process. Calls `advance` as bytes are read.

        Raises `SourceError` where a process ends before its task, and `OSError` where the store cannot be written.
        """
        pending: set[Future[list[PartResult]]] = {self._pool.submit(run_counted, task) for task in tasks}
        yield from meanwhile()
        counted = 0
        while pending:
            done, pending = wait(pending, _INTERVAL, FIRST_COMPLETED)
            advance(self._bytes.value - counted)
            counted = self._bytes.value
            try:
                for future in done:
                    yield from future.result()
            except BrokenProcessPool:
                raise SourceError("a process that was reading was ended: is there enough memory?") from None


def run_counted(task: ReadTask) -> list[PartResult]:
    """Run a task in a worker, and count the bytes that are read for the process that waits."""
    return run_task(task, _count)


def _count(read: int) -> None:
    if _read_bytes is not None:
        with _read_bytes.get_lock():
            _read_bytes.value += read


def _start(alive: Connection, read_bytes: Synchronized[int], lock: Connection) -> None:
    """Prepare a worker: it ignores Ctrl-C, as the process that waits for it ends it then."""
    global _read_bytes, _lock  # a worker is a process, with one of each
    _read_bytes, _lock = read_bytes, lock
    gc.disable()  # rows are many, and none of them is part of a cycle
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()


def _end_with(alive: Connection) -> None:
    with suppress(EOFError, OSError):
        alive.recv_bytes()
    os._exit(1)
