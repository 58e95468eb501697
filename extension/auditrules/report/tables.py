"""The tables that ingest fills, storage keeps and evaluate reads. Their types are the same in Arrow, Parquet and SQL.

`LOG_TABLES` hold what the logs say, `REQUEST_TABLES` what the caller asks. The SQL of a report stands on both, and on
nothing else, so that every engine that has these tables gives the same report. Times are Unix seconds, UTC.
"""

from __future__ import annotations

from types import MappingProxyType

import pyarrow as pa

STRING = pa.string()
NUMBER = pa.int64()


def _schema(strings: str, numbers: str) -> pa.Schema:
    return pa.schema([*((name, STRING) for name in strings.split()), *((name, NUMBER) for name in numbers.split())])


LOG_TABLES = MappingProxyType(
    {
        # A row of a control that a host logged. `host` is the key that the line gives; `action` is snapshot, added or
        # removed; `row_digest` is the same wherever the row is read again. Rows are compared by `host_digest`, of
        # `host`, `identifier` and `name`, and `target_digest`, of `benchmark`, `version`, `control` and `target`.
        "observations": _schema(
            "host identifier name query benchmark version control target status reason evidence next_boot action",
            "time row_digest host_digest target_digest",
        ),
        # Of which targets of which controls a query ever returned rows, and how many were read together.
        "query_targets": _schema("query benchmark version control target title level", "row_count target_digest"),
        # A run of a query, ours or another, that returned no row.
        "empty_runs": _schema("host identifier name query", "time"),
        # A query that failed. A status log knows no host: `host` is empty then, `name` the machine of its header, and
        # `folder` where it lies. `query` is empty where every query of ours failed.
        "query_failures": _schema("host identifier name folder query message", "time"),
        # Whether the extension is loaded: 1 or 0.
        "extension_states": _schema("host identifier name", "time loaded"),
        # Which hosts reported, under which names, from when to when.
        "sightings": _schema("host identifier name", "first_time last_time host_digest"),
        # The decorations of a host.
        "decorations": _schema("host identifier name decoration value", "last_time"),
    }
)

REQUEST_TABLES = MappingProxyType(
    {
        # One row. `horizon`: later lines are left out; `earliest`, `latest`: a time outside of them is impossible;
        # `until`: the moment for which verdicts are made; `since`: where changes begin to count; `max_age`: seconds
        # after which results expire; `restart_gap`: seconds within which an extension that is gone and back was never
        # gone; `grouped_by`: empty for none; `all_…`: 1 where `selected_…` is not asked.
        "parameters": _schema(
            "grouped_by",
            "horizon earliest latest until since max_age restart_gap all_benchmarks all_controls all_hosts",
        ),
        # The days of the trend, and the moment at which each ends.
        "trend_days": _schema("day", "end_time"),
        # A row for each name of a host of the inventory; `host` is the first of them.
        "inventory": _schema("host alias group_value", ""),
        # Queries whose names are those of our packs, and the controls that these ask; the lower preference first.
        "named_queries": _schema("query benchmark version control", "preference"),
        # The controls of the project's own benchmarks; `is_default`: 1 for those of the version that is expected where
        # nothing was logged.
        "shipped_controls": _schema("benchmark version control", "is_default"),
        "selected_benchmarks": _schema("benchmark version", ""),
        "selected_controls": _schema("benchmark version control", ""),
        "selected_hosts": _schema("key", ""),
        # The subjects that a waiver is about, and until which moment the last of them holds.
        "waived_subjects": _schema("key benchmark version control", "until"),
    }
)
