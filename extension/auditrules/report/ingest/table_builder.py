"""Builds the tables of `tables.LOG_TABLES` row by row, and packs them column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import pyarrow as pa

from auditrules.report.tables import LOG_TABLES, NUMBER, STRING
from auditrules.text import visible

LONGEST = 32_768
"""The longest text that is kept from a log, in characters."""
TOO_DEEP = "(nested too deeply to be shown)"
"""The text in place of such a value."""
MOST_DECORATIONS = 64
"""The most decorations that are kept for a host."""

_Value = TypeVar("_Value")

_BATCH = 50_000  # rows that are kept as Python's own values, which are large
_CACHED_DIGESTS = 16_384
_NO_DECORATIONS: Mapping[str, object] = MappingProxyType({})


class HostIdentity(NamedTuple):
    """The host of a line: its key (decorations.host_uuid, else the host identifier), and its names."""

    host: str
    identifier: str
    name: str
    digest: int
    """The digest of the other fields. Rows are compared by it."""

    @classmethod
    def of(cls, host: str, identifier: str, name: str) -> HostIdentity:
        """Take the key and the names."""
        return cls(host, identifier, name, _digest(host, identifier, name))


class Observation(NamedTuple):
    """The cells of a row of a control, and values computed from them. Equal rows share one, as most are equal."""

    cells: tuple[str, ...]  # in the order of the table's columns
    control: tuple[str, ...]  # benchmark, version, control, target, title and level
    control_digest: int
    target_digest: int
    digest: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> Observation:
        """Take the row's benchmark, version, control, target, status, reason, evidence, next_boot, title and level."""
        cells, title_and_level = tuple(texts[:8]), tuple(texts[8:])
        control = (*cells[:4], *title_and_level)
        return cls(cells, control, _digest(*control), _digest(*cells[:4]), _hash("\0".join(texts)))


@dataclass(slots=True)
class _Sighting:
    first: int | None = None
    last: int | None = None
    decorations: Mapping[str, object] = field(default_factory=lambda: _NO_DECORATIONS)


class TableBuilder:
    """Builds the tables of the lines that are read. Times outside `earliest` to `latest` are impossible."""

    def __init__(self, earliest: int, latest: int) -> None:
        """Start empty."""
        self._earliest, self.latest = earliest, latest
        self._rows: dict[str, list[tuple[str | int | None, ...]]] = {name: [] for name in LOG_TABLES}
        self._observations: list[tuple[HostIdentity, str, int, str, Observation]] = []
        self._batches: dict[str, list[pa.RecordBatch]] = {name: [] for name in LOG_TABLES}
        self._query_targets: dict[tuple[str, int], tuple[tuple[str, ...], int]] = {}
        self._sightings: dict[HostIdentity, _Sighting] = {}
        self._decorations: dict[HostIdentity, dict[str, tuple[str, int]]] = {}

    def add_observation(
        self, identity: HostIdentity, query: str, time: int, action: str, observation: Observation
    ) -> None:
        """Add a row of a control, with a digest by which it is recognised if it is read again.

        `action` is snapshot, added or removed.
        """
        self._observations.append((identity, query, time, action, observation))
        if len(self._observations) >= _BATCH:
            self._pack_observations()

    def add_empty_run(self, identity: HostIdentity, query: str, time: int) -> None:
        """Add a run that returned no row."""
        self._add("empty_runs", *identity[:3], query, time)

    def add_query_failure(self, identity: HostIdentity, folder: str, query: str, message: str, time: int) -> None:
        """Add a query that failed; an empty `query` stands for all our queries."""
        self._add("query_failures", *identity[:3], folder, query, message, time)

    def add_extension_state(self, identity: HostIdentity, time: int, loaded: int) -> None:
        """Add whether the extension is loaded: 1 or 0."""
        self._add("extension_states", *identity[:3], time, loaded)

    def add_sighting(
        self, identity: HostIdentity, time: int, decorations: Mapping[str, object] = _NO_DECORATIONS
    ) -> None:
        """Note that a host reported on our controls, and its decorations. An impossible time counts as none."""
        sighting = self._sightings.get(identity)
        if sighting is None:
            sighting = self._sightings[identity] = _Sighting()
        if self._earliest <= time <= self.latest:
            sighting.first = time if sighting.first is None or time < sighting.first else sighting.first
            sighting.last = time if sighting.last is None or time > sighting.last else sighting.last
        if sighting.decorations != decorations:
            sighting.decorations = decorations
            self._add_decorations(identity, time, decorations)

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables that have rows. To be called only once."""
        self._pack_observations()
        for (query, _), (control, row_count) in self._query_targets.items():
            self._add("query_targets", query, *control, row_count, _digest(*control[:4]))
        for identity, sighting in self._sightings.items():
            self._add("sightings", *identity[:3], sighting.first, sighting.last, identity.digest)
        for identity, decorations in self._decorations.items():
            for decoration, (value, time) in decorations.items():
                self._add("decorations", *identity[:3], decoration, value, time)
        for name in LOG_TABLES:
            self._pack(name)
        return {
            name: pa.Table.from_batches(batches).unify_dictionaries()
            for name, batches in self._batches.items()
            if batches
        }

    def _pack_observations(self) -> None:
        """Make columns of the rows. The values of each host, and of each row of a control, are computed only once."""
        if not self._observations:
            return
        rows, self._observations = self._observations, []
        identities, queries, times, actions, observations = zip(*rows, strict=True)
        digests = b"".join(
            [
                _digest_bytes(f"{identity.digest}\0{query}\0{action}\0{time}\0{observation.digest}")
                for identity, query, time, action, observation in rows
            ]
        )
        *names, host_digests = _spread(identities, map(id, identities), lambda each: each)
        keys = list(map(id, observations))
        *cells, target_digests = _spread(observations, keys, lambda each: (*each.cells, each.target_digest))
        (query,), (action,) = (_spread(texts, texts, lambda each: (each,)) for texts in (queries, actions))
        moments, row_digests = pa.array(times, NUMBER), pa.array(memoryview(digests).cast("q"), NUMBER)
        columns = [*names, query, *cells, action, moments, row_digests, host_digests, target_digests]
        names_of_all = LOG_TABLES["observations"].names
        self._batches["observations"].append(pa.RecordBatch.from_arrays(columns, names_of_all))
        distinct = dict(zip(keys, observations, strict=True))
        for (name, key), count in Counter(zip(queries, keys, strict=True)).items():
            of_query = name, distinct[key].control_digest
            known = self._query_targets.get(of_query)
            self._query_targets[of_query] = distinct[key].control, known[1] + count if known else count

    def _add_decorations(self, identity: HostIdentity, time: int, decorations: Mapping[str, object]) -> None:
        """Keep the newest value of each decoration."""
        kept = self._decorations.setdefault(identity, {})
        for decoration, value in decorations.items():
            known = kept.get(decoration)
            if (known is None and len(kept) < MOST_DECORATIONS) or (known is not None and time >= known[1]):
                kept[text(decoration)] = text(value), time

    def _add(self, table: str, *values: str | int | None) -> None:
        self._rows[table].append(values)

    def _pack(self, table: str) -> None:
        rows, schema = self._rows[table], LOG_TABLES[table]
        if rows:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            self._batches[table].append(pa.RecordBatch.from_arrays(arrays, schema=schema))
            self._rows[table] = []


def _spread(
    values: Sequence[_Value], keys: Iterable[Hashable], cells: Callable[[_Value], Sequence[object]]
) -> list[pa.Array]:
    """Make columns of cells. Cells with the same key are equal, and are converted only once.

    A column of texts is a dictionary of the different ones, as Parquet stores them too.
    """
    keys = list(keys)
    distinct = dict(zip(keys, values, strict=True))
    places = dict(zip(distinct, range(len(distinct)), strict=True))
    taken = pa.array(map(places.__getitem__, keys), pa.int32())
    columns = zip(*map(cells, distinct.values()), strict=True)
    return [_taken(column, taken) for column in columns]


def _taken(column: Sequence[object], places: pa.Array) -> pa.Array:
    if type(column[0]) is int:
        return pa.array(column, NUMBER).take(places)
    texts = pa.array(column, STRING).dictionary_encode()
    return pa.DictionaryArray.from_arrays(texts.indices.take(places), texts.dictionary)


def _digest_bytes(content: str) -> bytes:
    return blake2b(content.encode("utf-8", "replace"), digest_size=8).digest()


def _hash(content: str) -> int:
    return int.from_bytes(_digest_bytes(content), "little", signed=True)


@lru_cache(maxsize=_CACHED_DIGESTS)
def _digest(*texts: str) -> int:
    """The digest of a host or a target. It is cached, as most lines repeat one that was read just before."""
    return _hash("\0".join(texts))


def text(value: object) -> str:
    """Return a cell as text: null is empty, and bytes that are no UTF-8 are escaped."""
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
