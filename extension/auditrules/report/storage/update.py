"""Logs into the tables of a store: files are found, cut into tasks, and read by a process for each core."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from multiprocessing import get_context

from auditrules.report.ingest.part import MOST_SHOWN, Outcome, Part
from auditrules.report.ingest.sources import Source, SourceError, find, parts
from auditrules.report.ingest.streams import STANDARD_INPUT, UNREADABLE, Kind, kind, opened
from auditrules.report.model import Broken, Reading
from auditrules.report.storage.store import Store

AHEAD = 3600
"""Seconds by which a host's clock may be ahead of ours."""

_SMALL = 8 * 1024 * 1024  # bytes that are read sooner than a process starts
_LEAST, _MOST = 16 * 1024 * 1024, 256 * 1024 * 1024  # bytes of a task
_PACKED = 8  # how much larger a packed file is than it looks, about

Advance = Callable[[int], None]
Bar = Callable[[int], AbstractContextManager[Advance]]
"""Given how many bytes there are, gives what is told of every few that are read."""


def no_bar(_: int) -> AbstractContextManager[Advance]:
    """Show nobody how far it is."""
    return nullcontext(lambda _: None)


def cores() -> int:
    """Give the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def fill(store: Store, paths: Sequence[str], now: int, bar: Bar = no_bar) -> Reading:
    """Read what the store does not hold yet; gives what was met on the way. Raises `SourceError`."""
    found, unreadable = find(paths)
    sources = [replace(each, modified=now * 10**9) if each.path == STANDARD_INPUT else each for each in found]
    earlier = dict(store.met)
    fresh = [source for source in sources if not store.is_read(source)]
    begun = {source: _begun(store, source) for source in fresh}
    work = [part for source in fresh for part in _cut(source, begun[source][0])]
    with bar(sum(map(_weight, work))) as advance:
        outcomes = list(_outcomes(store, work, now, advance))
    shown: list[Broken] = []
    by_source: dict[Source, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_source[outcome.part.source].append(outcome)
    for source in fresh:
        number = begun[source][1]
        met = sorted(by_source[source], key=lambda outcome: outcome.part.start)
        of_source: list[Broken] = []
        for outcome in met:
            of_source += (replace(each, line=each.line + number) for each in outcome.shown)
            unreadable += (replace(each, line=each.line and each.line + number) for each in outcome.unreadable)
            number += outcome.lines
        name = store.note(source, met, number, of_source)
        if not begun[source][0]:
            earlier.pop(name, None)  # it was read anew
        shown += of_source
    if outcomes:
        store.counted = []
    store.save()
    rows, repeated = store.counted or (0, 0)
    shown += (Broken(*each) for known in earlier.values() for each in known["shown"])
    return Reading(
        files=len(sources),
        lines=sum(outcome.lines for outcome in outcomes),
        rows=rows,
        repeated=repeated,
        passed_over=sum(outcome.passed_over for outcome in outcomes),
        broken=sum(outcome.broken for outcome in outcomes) + sum(each["broken"] for each in earlier.values()),
        first_broken=tuple(shown[:MOST_SHOWN]),
        unreadable=tuple(unreadable),
        dated_by_file=sum(each.dated_by_file for each in outcomes)
        + sum(each["dated_by_file"] for each in earlier.values()),
    )


def _begun(store: Store, source: Source) -> tuple[int, int]:
    try:
        return store.place(source)
    except UNREADABLE:
        return 0, 0  # reading it says what is wrong


def _cut(source: Source, start: int) -> list[Part]:
    """Cut a large file of lines into parts; everything else is one."""
    if source.path == STANDARD_INPUT:
        return [Part(source)]
    if source.size > _LEAST:
        try:
            with opened(source.path) as (_, head, packed):
                whole = packed or kind(head) is not Kind.LINES
            if not whole:
                size = max(_LEAST, min(_MOST, source.size // (4 * cores())))
                return [Part(source, begin, end) for begin, end in parts(source, start, size)]
        except UNREADABLE:
            pass  # reading it says what is wrong
    return [Part(source, start)]


def _outcomes(store: Store, work: list[Part], now: int, advance: Advance) -> Iterator[Outcome]:
    if not work:
        return
    from auditrules.report.storage.worker import Task, run  # noqa: PLC0415 - what writes Parquet is slow to load

    total = sum(_weight(part) for part in work)
    streams = [part for part in work if part.source.path == STANDARD_INPUT]
    files = [part for part in work if part.source.path != STANDARD_INPUT]
    size = max(_LEAST, min(_MOST, total // (4 * cores())))
    tasks = [
        Task(f"{now:x}-{os.getpid():x}-{number}", batch, store.folder, store.kept, now + AHEAD)
        for number, batch in enumerate([*_batches(files, size), *([tuple(streams)] if streams else [])])
    ]
    if total <= _SMALL or len(tasks) == 1 or cores() == 1:
        for task in tasks:
            yield from run(task)
            advance(sum(map(_weight, task.parts)))
        return
    here = [task for task in tasks if task.parts[0].source.path == STANDARD_INPUT]
    there = [task for task in tasks if task not in here]
    with ProcessPoolExecutor(cores(), get_context("spawn")) as pool:  # a fork would copy threads' locks as they are
        futures = {pool.submit(run, task): task for task in there}
        for task in here:
            yield from run(task)
        try:
            for future in as_completed(futures):
                yield from future.result()
                advance(sum(map(_weight, futures[future].parts)))
        except BrokenProcessPool:
            raise SourceError("a process that was reading was ended: is there enough memory?") from None


def _weight(part: Part) -> int:
    size = (part.source.size if part.end is None else part.end) - part.start
    return size * _PACKED if part.source.path.endswith((".gz", ".zst")) else max(size, 0)


def _batches(work: Iterable[Part], size: int) -> Iterator[tuple[Part, ...]]:
    batch: list[Part] = []
    weight = 0
    for part in work:
        batch.append(part)
        weight += _weight(part)
        if weight >= size:
            yield tuple(batch)
            batch, weight = [], 0
    if batch:
        yield tuple(batch)
