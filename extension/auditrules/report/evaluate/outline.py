"""Lets a report go through an outline of the observations: of those that follow on each other and say the same, two.

`sql/08_outline` says which are kept, and `sql/40_slots/12_whole_series.sql` of which series a report reads all the same
every observation. Nothing in an outline depends on the moment of a report: one that fits is used again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path

from auditrules.report.evaluate import queries
from auditrules.report.evaluate.duckdb_engine import DuckDb
from auditrules.report.inputs import ReportRequest
from auditrules.report.storage.outline import (
    fresh_files,
    keep_outline,
    kept_outline,
    outline_file,
    stamps,
)
from auditrules.report.storage.registry import OutlineEntry
from auditrules.report.storage.store import Store
from auditrules.report.times import CLOCK_AHEAD

LEAST = 4 * 1024 * 1024
"""Bytes of observations, some 200,000, over which going through all takes longer than an outline."""

MOST = 0.5
"""The part of all observations that an outline has at most: a longer one is of little use."""

FRESH = 0.125
"""The part of their bytes that an outline is not of when it is made anew."""


def use_outline(engine: DuckDb, store: Store, request: ReportRequest) -> Sequence[str]:
    """Give an engine the outline of a store, the one that is kept or a new one, where that is of use.

    Returns notes: what was kept and could not be used, and what could not be kept.
    """
    files = store.files()["observations"]
    if not store.kept or _size(files) < LEAST:
        return ()
    until = request.now if request.until is None else min(request.now, request.until)
    entry, fault = kept_outline(store, files, form())
    notes = [f"{store.folder}: its outline {fault}: all rows were read instead"] if fault else []
    fresh = files if entry is None else fresh_files(store, files, entry)
    if entry is not None and entry["longest_step"] <= request.max_age and _size(fresh) <= FRESH * _size(files):
        if not entry["digest"] or until < entry["last_time"]:
            return notes  # it is short for no report, or not for one of an earlier moment
        engine.add_outline(outline_file(store, entry), fresh)
        if not engine.fetch("outline_faults")[0][0]:
            return notes
        engine.drop_outline()
    alone, every, last = engine.fetch("outline_prospects")[0]
    if last is None or last > until + CLOCK_AHEAD:
        return notes  # all that is later would be in it
    last_time = _make(engine, int(MOST * every), until) if every - alone <= MOST * every else None
    made = OutlineEntry(
        digest="", form=form(), of=stamps(store, files), longest_step=request.max_age, last_time=last_time or 0
    )
    write = None if last_time is None else partial(engine.write, "outline")
    try:
        keep_outline(store, made, write)
    except OSError as error:
        notes.append(f"{store.folder}: its outline could not be kept: {error.strerror or error}")
    return notes


@cache
def form() -> str:
    """Return what tells the outlines of this program from those of one with other queries."""
    return blake2b("\0".join(map(queries.text, queries.names())).encode(), digest_size=16).hexdigest()


def _make(engine: DuckDb, most: int, until: int) -> int | None:
    """Make an outline of so many observations at most; gives when the last was made that stands for others.

    None if there is no such outline, and none is used.
    """
    engine.create("outline_ends")
    engine.create("outline")
    engine.add_outline(None, ())
    faults, last_time, count = engine.fetch("outline_faults")[0]
    if faults or last_time is None or last_time > until or count > most:
        engine.drop_outline()
        return None
    return int(last_time)


def _size(files: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in files)
