"""Brings a store up to date with the logs: finds the files, cuts them into tasks, and reads them on all cores."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from auditrules.report.ingest.log_files import LogFile, find_files, split_at_lines
from auditrules.report.ingest.part import MOST_HOSTS, MOST_SHOWN, Advance, FilePart, PartResult
from auditrules.report.ingest.streams import STANDARD_INPUT, UNREADABLE, FileFormat, detect_format, open_stream
from auditrules.report.model import Broken, Reading
from auditrules.report.storage.registry import LogProblems
from auditrules.report.storage.store import Store
from auditrules.report.times import CLOCK_AHEAD

IN_PROCESS = 8 * 1024 * 1024  # bytes that are read sooner than a process starts
MIN_TASK, _MAX_TASK = 16 * 1024 * 1024, 256 * 1024 * 1024  # bytes of a task
_COMPRESSION = 8  # how many bytes a byte of a packed file unpacks to, about

ProgressBar = Callable[[int], AbstractContextManager[Advance]]
"""A context manager for progress: called with all bytes to read, it gives a function to call with those just read."""


def no_progress(_: int) -> AbstractContextManager[Advance]:
    """Show no progress."""
    return nullcontext(lambda _: None)


def cpu_count() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def update_store(store: Store, paths: Sequence[str], now: int, progress: ProgressBar = no_progress) -> Reading:
    """Read the new parts of the logs into the store. Returns counts and problems. Raises `SourceError`."""
    found, unreadable = find_files(paths)
    files = [replace(each, modified=now * 10**9) if each.path == STANDARD_INPUT else each for each in found]
    earlier = dict(store.registry.problems)
    fresh = [file for file in files if not store.is_read(file)]
    resumed = {file: _resume_point(store, file) for file in fresh}
    work = [part for file in fresh for part in _split(file, resumed[file][0])]
    shown: list[Broken] = []
    with store.writing() as name:
        with progress(sum(map(_weight, work))) as advance:
            results = list(_read(store, work, name, now, advance))
        by_file: dict[LogFile, list[PartResult]] = defaultdict(list)
        for result in results:
            by_file[result.part.file].append(result)
        for file in fresh:
            start, line = resumed[file]
            ordered = sorted(by_file[file], key=lambda result: result.part.start)
            of_file: list[Broken] = []
            for result in ordered:
                of_file += (replace(each, line=each.line + line) for each in result.shown)
                unreadable += (replace(each, line=each.line and each.line + line) for each in result.unreadable)
                line += result.lines
            known = store.mark_read(file, ordered, line, of_file)
            if not start:
                earlier.pop(known, None)  # it was read from its beginning
            shown += of_file
        if results:
            store.registry.row_counts = []
    unreadable += store.broken_files()
    rows, repeated = store.registry.row_counts or (0, 0)
    shown += (Broken(*each) for before in earlier.values() for each in before["shown"])
    return Reading(
        files=len(files),
        lines=sum(result.lines for result in results),
        rows=rows,
        repeated=repeated,
        passed_over=sum(result.passed_over for result in results),
        broken=sum(result.broken for result in results) + sum(each["broken"] for each in earlier.values()),
        first_broken=tuple(shown[:MOST_SHOWN]),
        unreadable=tuple(unreadable),
        dated_by_file=sum(each.dated_by_file for each in results)
        + sum(each["dated_by_file"] for each in earlier.values()),
        broken_hosts=tuple(
            sorted({*(host for each in results for host in each.hosts), *_hosts(earlier.values())})[:MOST_HOSTS]
        ),
    )


def _hosts(problems: Iterable[LogProblems]) -> Iterator[str]:
    for each in problems:
        yield from each["hosts"]


def _resume_point(store: Store, file: LogFile) -> tuple[int, int]:
    try:
        return store.resume_point(file)
    except UNREADABLE:
        return 0, 0  # reading the file reports what is wrong


def _split(file: LogFile, start: int) -> list[FilePart]:
    """Cut a large file of lines into parts. Any other file is one part."""
    if file.path == STANDARD_INPUT:
        return [FilePart(file)]
    if file.size > MIN_TASK:
        try:
            with open_stream(file.path) as (_, head, packed):
                whole = packed or detect_format(head) is not FileFormat.LINES
            if not whole:
                size = max(MIN_TASK, min(_MAX_TASK, file.size // (4 * cpu_count())))
                return [FilePart(file, begin, end) for begin, end in split_at_lines(file, start, size)]
        except UNREADABLE:
            pass  # reading the file reports what is wrong
    return [FilePart(file, start)]


def _read(store: Store, work: list[FilePart], name: str, now: int, advance: Advance) -> Iterator[PartResult]:
    if not work:
        return
    from auditrules.report.storage.worker import ReadTask, run_task  # noqa: PLC0415 - Parquet is slow to load
    from auditrules.report.storage.workers import Workers  # noqa: PLC0415

    total = sum(_weight(part) for part in work)
    streams = [part for part in work if part.file.path == STANDARD_INPUT]
    files = [part for part in work if part.file.path != STANDARD_INPUT]
    size = max(MIN_TASK, min(_MAX_TASK, total // (4 * cpu_count())))
    tasks = [
        ReadTask(f"{name}-{number}", batch, store.folder, store.kept, now + CLOCK_AHEAD)
        for number, batch in enumerate([*_batches(files, size), *([tuple(streams)] if streams else [])])
    ]
    if total <= IN_PROCESS or len(tasks) == 1 or cpu_count() == 1:
        for task in tasks:
            yield from run_task(task, advance)
        return
    here = [task for task in tasks if task.parts[0].file.path == STANDARD_INPUT]
    there = [task for task in tasks if task not in here]
    with Workers(cpu_count(), store.lock) as workers:
        yield from workers.run(there, advance, lambda: [result for task in here for result in run_task(task, advance)])


def _weight(part: FilePart) -> int:
    size = (part.file.size if part.end is None else part.end) - part.start
    return size * _COMPRESSION if part.file.path.endswith((".gz", ".zst")) else max(size, 0)


def _batches(work: Iterable[FilePart], size: int) -> Iterator[tuple[FilePart, ...]]:
    batch: list[FilePart] = []
    weight = 0
    for part in work:
        batch.append(part)
        weight += _weight(part)
        if weight >= size:
            yield tuple(batch)
            batch, weight = [], 0
    if batch:
        yield tuple(batch)
