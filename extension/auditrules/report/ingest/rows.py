"""Rows of the tables of `tables.LOGGED`, gathered column by column on their way into Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple

import pyarrow as pa

from auditrules.present import visible
from auditrules.report.tables import LOGGED

LONGEST = 32_768
"""Characters that are kept of any text out of a log."""
TOO_DEEP = "(nested too deeply to be shown)"
"""What stands for such a value."""
MOST_LABELS = 64
"""Decorations that are kept of a host."""

_BATCH = 50_000  # rows that are kept as Python's own values, which are large
_MOST_KNOWN = 16_384  # digests that need not be made again
_NOTHING: Mapping[str, object] = MappingProxyType({})


class Speaker(NamedTuple):
    """Whose line it is: the key that it gives (decorations.host_uuid, else the identifier), and its names."""

    host: str
    identifier: str
    name: str


class Said(NamedTuple):
    """What a row says of a control, and what follows from that: of many rows most say what others said."""

    cells: tuple[str, ...]  # in the order of the table's columns
    control: tuple[str, ...]  # benchmark, version, control, target, title and level
    about: int
    whole: str

    @classmethod
    def of(cls, texts: Sequence[str]) -> Said:
        """Take the row's benchmark, version, control, target, status, reason, evidence, next_boot, title and level."""
        cells, words = tuple(texts[:8]), tuple(texts[8:])
        return cls(cells, (*cells[:4], *words), _known(*cells[:4]), "\0".join(texts))


@dataclass(slots=True)
class _Spoken:
    first: int | None = None
    last: int | None = None
    decorations: Mapping[str, object] = field(default_factory=lambda: _NOTHING)


class Rows:
    """What was read. `earliest` and `latest` are the moments between which a time can be true."""

    def __init__(self, earliest: int, latest: int) -> None:
        """Start empty."""
        self._earliest, self.latest = earliest, latest
        self._rows: dict[str, list[tuple[str | int | None, ...]]] = {name: [] for name in LOGGED}
        self._batches: dict[str, list[pa.RecordBatch]] = {name: [] for name in LOGGED}
        self._controls: dict[tuple[str, tuple[str, ...]], int] = {}
        self._speakers: dict[Speaker, _Spoken] = {}
        self._labels: dict[tuple[str, str], dict[str, tuple[str, int]]] = {}
        self.verdicts = 0

    def verdict(self, speaker: Speaker, query: str, time: int, kind: str, said: Said) -> None:
        """Add a row of a control, with a digest of it by which it is known wherever it is met again.

        `kind` is snapshot, added or removed.
        """
        host, _, name = speaker
        cells, control, about, whole = said
        line = _digest(f"{host}\0{name}\0{query}\0{kind}\0{time}\0{whole}")
        rows = self._rows["verdicts"]
        rows.append((host, name, query, *cells, kind, time, line, _known(host, name), about))
        self._controls[query, control] = self._controls.get((query, control), 0) + 1
        self.verdicts += 1
        if len(rows) >= _BATCH:
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

    def spoke(self, speaker: Speaker, time: int, decorations: Mapping[str, object] = _NOTHING) -> None:
        """Note that somebody spoke of our controls, and what decorated it; a time that cannot be is none."""
        spoken = self._speakers.get(speaker)
        if spoken is None:
            spoken = self._speakers[speaker] = _Spoken()
        if self._earliest <= time <= self.latest:
            spoken.first = time if spoken.first is None or time < spoken.first else spoken.first
            spoken.last = time if spoken.last is None or time > spoken.last else spoken.last
        if spoken.decorations != decorations:
            spoken.decorations = decorations
            self._decorated(speaker, time, decorations)

    def _decorated(self, speaker: Speaker, time: int, decorations: Mapping[str, object]) -> None:
        """Keep the newest value of each decoration."""
        labels = self._labels.setdefault((speaker.host, speaker.name), {})
        for label, value in decorations.items():
            known = labels.get(label)
            if (known is None and len(labels) < MOST_LABELS) or (known is not None and time >= known[1]):
                labels[text(label)] = text(value), time

    def tables(self) -> dict[str, pa.Table]:
        """Give all that was gathered, once."""
        for (query, control), number in self._controls.items():
            self._add("controls", query, *control, number, _known(*control[:4]))
        for speaker, spoken in self._speakers.items():
            self._add("sightings", *speaker, spoken.first, spoken.last, _known(speaker.host, speaker.name))
        for (host, name), labels in self._labels.items():
            for label, (value, time) in labels.items():
                self._add("labels", host, name, label, value, time)
        for name in LOGGED:
            self._pack(name)
        return {
            name: pa.Table.from_batches(batches, LOGGED[name]) for name, batches in self._batches.items() if batches
        }

    def _add(self, table: str, *values: str | int | None) -> None:
        self._rows[table].append(values)

    def _pack(self, table: str) -> None:
        rows, schema = self._rows[table], LOGGED[table]
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            self._batches[table].append(pa.RecordBatch.from_arrays(arrays, schema=schema))
            self._rows[table] = []


def _digest(whole: str) -> int:
    return int.from_bytes(blake2b(whole.encode("utf-8", "replace"), digest_size=8).digest(), "little", signed=True)


@lru_cache(maxsize=_MOST_KNOWN)
def _known(*texts: str) -> int:
    """Give the number of a host and name, or of a target; most lines are of one that was met just before."""
    return _digest("\0".join(texts))


def text(value: object) -> str:
    """Give a cell as text: null is empty, and what is no UTF-8 is escaped."""
    if type(value) is not str:
        try:
            value = "" if value is None else str(value)
        except RecursionError:
            value = TOO_DEEP
    if len(value) > LONGEST:
        value = value[:LONGEST] + "…"
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character, or a byte that is no UTF-8
        return "".join(visible(each) if "\ud800" <= each <= "\udfff" else each for each in value)
    return value
