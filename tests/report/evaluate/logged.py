"""Tables of logs from a seed: hosts that report anything, in any order, under any of their names."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from auditrules.report.inputs import ReportRequest
from auditrules.report.model import Reading, Waiver
from auditrules.report.tables import LOG_TABLES

START = 1_795_410_000  # 2026-11-23 05:00:00 UTC
END = START + 96 * 3600

NOTHING = Reading(0, 0, 0, 0, 0, 0, (), ())
"""What was read where the tables are there already."""
WAIVER = Waiver("web-*", "1.2.3", "until it is moved", "web team", "2026-12-31")
REQUESTS = {
    "all": ReportRequest(now=END),
    "grouped, with waivers": ReportRequest(now=END, grouped_by="role", waivers=(WAIVER,)),
    "a part": ReportRequest(now=END, hosts=("web-*", "same*"), controls=("1.2.3", "9.9")),
    "earlier": ReportRequest(now=END, until=START + 50 * 3600, since=START + 20 * 3600, max_age=7200),
}

_BENCHMARK = {"benchmark": "CIS Docker Benchmark", "version": "1.2.0"}
_CONTROLS = ("1.2.3", "1.2.4", "1.2.10", "9.9")
_TARGETS = ("/usr/bin/dockerd", "/usr/bin/dockerd", "/usr/local/bin/dockerd")
_STATUSES = ("pass", "pass", "fail", "unknown", "not_applicable", "odd", "")
_HOSTS = ("web-1", "web-2", "db-1", "edge-1", "é-1", "<b>", "same")


def tables(seed: int, rows: int = 400) -> dict[str, pa.Table]:
    """Make every table of `LOG_TABLES`; one name is that of two machines, and one clock is from 1970."""
    rng = random.Random(seed)  # noqa: S311 - logs that are made up
    made: Mapping[str, list[dict[str, Any]]] = {
        "observations": _observations(rng, rows),
        "query_targets": [
            {
                **_BENCHMARK,
                "query": _query(control),
                "control": control,
                "target": target,
                "title": control,
                "level": "1",
                "row_count": 3,
            }
            for control in _CONTROLS
            for target in _TARGETS
        ],
        "empty_runs": [{**_host(rng), "query": _query(rng.choice(_CONTROLS)), "time": _time(rng)} for _ in range(9)],
        "query_failures": [_failure(rng) for _ in range(9)],
        "extension_states": [{**_host(rng), "time": _time(rng), "loaded": rng.randrange(2)} for _ in range(9)],
        "sightings": [_sighting(rng, host, name) for host in _HOSTS for name in _names(host)],
        "decorations": [
            {
                "host": host,
                "identifier": host,
                "name": f"{host}.example.net",
                "decoration": rng.choice(("role", "site")),
                "value": rng.choice("ab"),
                "last_time": _time(rng),
            }
            for host in _HOSTS
        ],
    }
    for row in (*made["observations"], *made["sightings"]):
        row["host_digest"] = _digest(row["host"], row["identifier"], row["name"])
    for row in (*made["observations"], *made["query_targets"]):
        row["target_digest"] = _digest(row["benchmark"], row["version"], row["control"], row["target"])
    return {name: pa.Table.from_pylist(made[name], schema) for name, schema in LOG_TABLES.items()}


DIGESTS: Mapping[str, Callable[[int], int | None]] = {
    "each its own": lambda number: number,
    "some that two share": lambda number: number % 3,
    "one for all": lambda _: 0,
    "none for some": lambda number: number if number % 2 else None,
    "none": lambda _: None,
}
"""What the digests of hosts and targets may be: some that collide, and none in tables that others wrote."""


def with_digests(made: Mapping[str, pa.Table], number: Callable[[int], int | None]) -> dict[str, pa.Table]:
    """Give the tables with other digests of hosts and targets."""
    given = dict(made)
    for name, column in (
        ("observations", "host_digest"),
        ("observations", "target_digest"),
        ("sightings", "host_digest"),
        ("query_targets", "target_digest"),
    ):
        table = given[name]
        others = pa.array(map(number, table[column].to_pylist()), pa.int64())
        given[name] = table.set_column(table.schema.get_field_index(column), column, others)
    return given


def written(folder: Path, made: Mapping[str, pa.Table]) -> dict[str, list[Path]]:
    """Write the tables as Parquet files, and give those of each."""
    folder.mkdir(exist_ok=True)
    parts = {}
    for name, table in made.items():
        parts[name] = [folder / f"{name}.parquet"]
        pq.write_table(table, parts[name][0])
    return parts


def _query(control: str) -> str:
    return f"pack_cis-docker_cis_docker_{control.replace('.', '_')}"


def _digest(*texts: str) -> int:
    return zlib.crc32("|".join(texts).encode())


def _time(rng: random.Random) -> int:
    return rng.choice((rng.randrange(START, END), rng.randrange(START, END, 3600), 7))


def _names(host: str) -> tuple[str, ...]:
    return (f"{host}.example.net", "other.example.net") if host == "same" else (f"{host}.example.net",)


def _host(rng: random.Random) -> dict[str, str]:
    host = rng.choice(_HOSTS)
    return {"host": host, "identifier": host, "name": rng.choice(_names(host))}


def _observations(rng: random.Random, rows: int) -> list[dict[str, Any]]:
    """Make rows, some of which are there twice, as where a line was read from two files."""
    once = [_observation(rng, number) for number in range(rows)]
    return once + rng.sample(once, rows // 10)


def _observation(rng: random.Random, number: int) -> dict[str, Any]:
    host, control, status = _host(rng), rng.choice(_CONTROLS), rng.choice(_STATUSES)
    return {
        **_BENCHMARK,
        **host,
        "query": _query(control) + rng.choice(("", "_snapshot")),
        "control": control,
        "target": rng.choice(_TARGETS),
        "status": status,
        "reason": f"because {status}",
        "evidence": rng.choice(("", "é\n$(reboot)", f"row {number}")),
        "next_boot": rng.choice(("pass", "fail", "")),
        "action": rng.choice(("added", "added", "removed", "snapshot")),
        "time": _time(rng),
        "row_digest": number,
    }


def _failure(rng: random.Random) -> dict[str, Any]:
    host = _host(rng)
    known = rng.random() < 0.5
    return {
        **host,
        "host": host["host"] if known else "",
        "folder": host["host"],
        "query": rng.choice((_query(rng.choice(_CONTROLS)), "")),
        "message": "no such table: audit_rules",
        "time": _time(rng),
    }


def _sighting(rng: random.Random, host: str, name: str) -> dict[str, Any]:
    first = rng.randrange(START, END)
    return {"host": host, "identifier": host, "name": name, "first_time": first, "last_time": rng.randrange(first, END)}
