"""Rows of the tables of `tables.LOGGED`, gathered column by column on their way into Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import pyarrow as pa

from auditrules.report.tables import LOGGED

LONGEST = 32_768
"""Characters that are kept of any text out of a log."""
MOST_LABELS = 64
"""Decorations that are kept of a host."""

_BATCH = 50_000  # rows that are kept as Python's own values, which are large
_WORDS = LOGGED["verdicts"].names[:-2]


class Speaker(NamedTuple):
    """Whose line it is: the key that it gives (decorations.host_uuid, else the identifier), and its names."""

    host: str
    identifier: str
    name: str


class Verdict(NamedTuple):
    """A row of a control, as texts; `kind` is snapshot, added or removed. In the order of the table's columns."""

    host: str
    name: str
    query: str
    benchmark: str
    version: str
    control: str
    target: str
    status: str
    reason: str
    evidence: str
    next_boot: str
    kind: str


class Rows:
    """What was read. `earliest` and `latest` are the moments between which a time can be true."""

    def __init__(self, earliest: int, latest: int) -> None:
        """Start empty."""
        self._earliest, self._latest = earliest, latest
        self._columns: dict[str, list[list[str | int]]] = {
            name: [[] for _ in schema] for name, schema in LOGGED.items()
        }
        self._batches: dict[str, list[pa.RecordBatch]] = {name: [] for name in LOGGED}
        self._controls: dict[tuple[str, ...], int] = {}
        self._sightings: dict[Speaker, list[int | None]] = {}
        self._labels: dict[tuple[str, str], dict[str, tuple[str, int]]] = {}
        self._decorations: dict[Speaker, Mapping[str, object]] = {}
        self.verdicts = 0

    def verdict(self, verdict: Verdict, time: int, title: str, level: str) -> None:
        """Add a row of a control, with a digest of it by which it is known wherever it is met again."""
        said = "\0".join((*verdict, str(time), title, level)).encode("utf-8", "replace")
        line = int.from_bytes(blake2b(said, digest_size=8).digest(), "little", signed=True)
        columns = self._columns["verdicts"]
        for column, value in zip(columns, verdict, strict=False):
            column.append(value)
        columns[-2].append(time)
        columns[-1].append(line)
        control = (*verdict[2:6], title, level)
        self._controls[control] = self._controls.get(control, 0) + 1
        self.verdicts += 1
        if len(columns[-1]) >= _BATCH:
            self._pack("verdicts")

    def empty_run(self, speaker: Speaker, query: str, time: int) -> None:
        """Add a run that gave no row."""
        self._add("empty_runs", *speaker, query, time)

    def failure(self, speaker: Speaker, folder: str, query: str, message: str, time: int) -> None:
        """Add a query that failed; an empty `query` is every query of ours."""
        self._add("failures", *speaker, folder, query, message, time)

    def loaded(self, speaker: Speaker, time: int, loaded: int) -> None:
        """Add whether the extension is there."""
        self._add("loaded", *speaker, time, loaded)

    def sighted(self, speaker: Speaker, time: int) -> None:
        """Note that somebody spoke of our controls; a time that cannot be is none."""
        seen = self._sightings.get(speaker)
        if seen is None:
            seen = self._sightings[speaker] = [None, None]
        if self._earliest <= time <= self._latest:
            first, last = seen
            if first is None or time < first:
                seen[0] = time
            if last is None or time > last:
                seen[1] = time

    def decorated(self, speaker: Speaker, decorations: Mapping[str, object], time: int) -> None:
        """Note what the decorations say, the newest of each."""
        if self._decorations.get(speaker) == decorations:
            return
        self._decorations[speaker] = decorations
        labels = self._labels.setdefault((speaker.host, speaker.name), {})
        for label, value in decorations.items():
            known = labels.get(label)
            if (known is None and len(labels) < MOST_LABELS) or (known is not None and time >= known[1]):
                labels[label] = text(value), time

    def tables(self) -> dict[str, pa.Table]:
        """Give all that was gathered, once."""
        for control, number in self._controls.items():
            self._add("controls", *control, number)
        for speaker, (first, last) in self._sightings.items():
            self._add("sightings", *speaker, first, last)
        for (host, name), labels in self._labels.items():
            for label, (value, time) in labels.items():
                self._add("labels", host, name, label, value, time)
        for name in LOGGED:
            self._pack(name)
        return {
            name: pa.Table.from_batches(batches, LOGGED[name]) for name, batches in self._batches.items() if batches
        }

    def _add(self, table: str, *values: str | int | None) -> None:
        for column, value in zip(self._columns[table], values, strict=True):
            column.append(value)  # type: ignore[arg-type]

    def _pack(self, table: str) -> None:
        columns, schema = self._columns[table], LOGGED[table]
        if columns[0]:
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            self._batches[table].append(pa.RecordBatch.from_arrays(arrays, schema=schema))
            self._columns[table] = [[] for _ in schema]


def text(value: object) -> str:
    """Give a cell as text: null is empty, and what is no UTF-8 is escaped."""
    if type(value) is not str:
        value = "" if value is None else str(value)
    if len(value) > LONGEST:
        value = value[:LONGEST] + "…"
    if value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()
