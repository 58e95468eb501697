"""The tables between reading and judging: what the logs said, one value a cell, alike in Arrow, Parquet and SQL.

Reading fills `LOGGED`; `GIVEN` is what the caller knows besides. The queries of `queries/` stand on both, and on
nothing else, so that whatever engine has these tables gives the same report. Times are Unix seconds, UTC.
"""

from __future__ import annotations

from types import MappingProxyType

import pyarrow as pa

STRING = pa.string()
NUMBER = pa.int64()


def _schema(strings: str, numbers: str) -> pa.Schema:
    return pa.schema([*((name, STRING) for name in strings.split()), *((name, NUMBER) for name in numbers.split())])


LOGGED = MappingProxyType(
    {
        # A row of a control: of a snapshot, added or removed. `host` is the key that the line gives, `line` a digest of
        # the line and the row's place in it, the same wherever the line is met again. `speaker` is a digest of `host`
        # and `name`, `about` one of `benchmark`, `version`, `control` and `target`, by which rows are compared sooner.
        "verdicts": _schema(
            "host name query benchmark version control target status reason evidence next_boot kind",
            "time line speaker about",
        ),
        # What a query gave at least once, and how many rows of it were met together.
        "controls": _schema("query benchmark version control target title level", "number about"),
        # A run of a query, ours or not, that gave no row.
        "empty_runs": _schema("host identifier name query", "time"),
        # A query that failed. A status file knows no host: `host` is empty, `name` the machine of its header, and
        # `folder` where it lies. `query` is empty where every query of ours failed.
        "failures": _schema("host identifier name folder query message", "time"),
        # Is the extension there: 1 or 0.
        "loaded": _schema("host identifier name", "time loaded"),
        # Who spoke, under which names, from when to when.
        "sightings": _schema("host identifier name", "first_time last_time speaker"),
        # What the decorations said of a host.
        "labels": _schema("host name label value", "last_time"),
    }
)

GIVEN = MappingProxyType(
    {
        # One row. `horizon`: what is said later is left out; `earliest`, `latest`: between them a time can be true;
        # `until`: when the verdicts are judged; `since`: where changes begin to count; `max_age`: seconds after which a
        # word is stale; `flip`: seconds within which an extension that is gone and back was never gone; `version` and
        # `grouped_by`: empty for none; `any_control`, `any_host`: 1 where nothing is asked for in `wanted_…`.
        "parameters": _schema(
            "version grouped_by", "horizon earliest latest until since max_age flip any_control any_host"
        ),
        "moments": _schema("day", "moment"),
        # A row for each name of a host of the inventory; `host` is the first of them.
        "inventory": _schema("host alias label", ""),
        # Controls of queries that gave no row anywhere, told by the query's name.
        "named": _schema("query benchmark version control", ""),
        # Our own controls; `first`: 1 for those of the version that is expected where nothing was logged.
        "shipped": _schema("benchmark version control", "first"),
        "wanted_controls": _schema("control", ""),
        "wanted_hosts": _schema("key", ""),
        # Waivers spelled out: until which moment the last of them holds.
        "waived": _schema("key benchmark version control", "until"),
    }
)
