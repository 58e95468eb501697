"""Logs made by hand, line by line, and the report of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq

from auditrules.report.evaluate import duckdb_engine, outline, queries
from auditrules.report.evaluate.duckdb_engine import DuckDb
from auditrules.report.evaluate.report import set_parameters
from auditrules.report.inputs import ReportRequest
from auditrules.report.model import Reading, Report, Verdict
from auditrules.report.pipeline import make_report
from auditrules.report.storage.store import Store, open_store
from auditrules.report.storage.update import update_store

NOON = 1_795_435_200  # 2026-11-23 12:00:00 UTC
HOUR = 3600
DAY = 24 * HOUR
BENCHMARK, VERSION = "CIS Docker Benchmark", "1.2.0"

Line = dict[str, Any]


def row(status: str = "pass", control: str = "1.2.3", target: str = "/usr/bin/dockerd", **more: object) -> Line:
    """Make a row of a control."""
    return {
        "benchmark": BENCHMARK,
        "control": control,
        "evidence": f"what is known of {target}",
        "level": "1",
        "next_boot": status,
        "reason": {"pass": "covered", "fail": "no_rule"}.get(status, "unreadable"),
        "remediation": "",
        "status": status,
        "target": target,
        "title": "a title",
        "version": VERSION,
        **more,
    }


def run(host: str, time: int, name: str = "pack_cis-docker_cis_docker_1_2_3", **more: object) -> Line:
    """Make what every line of a run says."""
    return {
        "name": name,
        "hostIdentifier": host,
        "calendarTime": "Mon Nov 23 12:00:00 2026 UTC",
        "unixTime": time,
        "epoch": 0,
        "counter": 0,
        "numerics": False,
        "decorations": {"host_uuid": f"uuid-{host}", "hostname": f"{host}.example.net"},
        **more,
    }


def snapshot(host: str, time: int, *rows: Line, **more: object) -> Line:
    """Make the line of a snapshot."""
    name = f"pack_cis-docker_cis_docker_{(rows[0]['control'] if rows else '1.2.3').replace('.', '_')}_snapshot"
    return {"snapshot": list(rows), "action": "snapshot", **run(host, time, name), **more}


def added(host: str, time: int, columns: Line, action: str = "added", **more: object) -> Line:
    """Make the line of a row that was added or removed."""
    return {**run(host, time, f"pack_cis-docker_cis_docker_{columns['control'].replace('.', '_')}"), **more} | {
        "columns": columns,
        "action": action,
    }


def loaded(host: str, time: int, number: int) -> Line:
    """Make the line of whether the extension is there."""
    name = "pack_cis-docker_audit_rules_extension_loaded"
    return {**run(host, time, name), "columns": {"loaded": str(number), "version": ""}, "action": "added"}


def failed(host: str, time: int, query: str, message: str = "no such table: audit_rules") -> Line:
    """Make the line of a status log of a query that failed."""
    said = run(host, time)
    return {key: said[key] for key in ("hostIdentifier", "calendarTime", "unixTime", "decorations")} | {
        "severity": 2,
        "filename": "scheduler.cpp",
        "line": 128,
        "message": f"Error executing scheduled query {query}: {message}",
        "version": "5.23.0",
    }


def write(path: Path, lines: Iterable[Mapping[str, Any] | str | bytes]) -> Path:
    """Write lines to a log."""
    with path.open("wb") as log:
        for line in lines:
            text = json.dumps(line, ensure_ascii=False, separators=(",", ":")) if isinstance(line, Mapping) else line
            log.write((text.encode() if isinstance(text, str) else text) + b"\n")
    return path


def report(*paths: Path | str, store: Path | None = None, **asked: Any) -> Report:
    """Make a report for noon, or for another moment that is asked for."""
    request = replace(ReportRequest(now=NOON), **asked)
    return make_report([str(path) for path in paths], request, store=str(store) if store else None)


def report_of(folder: Path, *lines: Mapping[str, Any] | str | bytes, **asked: Any) -> Report:
    """Make a report of lines."""
    return report(write(folder / "osqueryd.results.log", lines), **asked)


@dataclass(frozen=True)
class Ingested:
    """What was read of logs, before anybody judges it; `reading` counts no rows yet, which the evaluation does."""

    reading: Reading
    tables: Mapping[str, list[Line]]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Give the lines that were read, the rows that there are, each once, and how many of them were read again."""
        digests = [each["row_digest"] for each in self.tables["observations"]]
        return self.reading.lines, len(set(digests)), len(digests) - len(set(digests))

    @property
    def said(self) -> list[tuple[str, str, str, str]]:
        """Give host, control, status and reason of each different row of a control, in order."""
        rows = self.tables["observations"]
        return sorted(
            {(each["host"].removeprefix("uuid-"), each["control"], each["status"], each["reason"]) for each in rows}
        )


def ingest(*paths: Path | str, store: Path | None = None, now: int = NOON) -> Ingested:
    """Read logs into the tables on which every report stands, a tenth of the work of a report."""
    with open_store(str(store) if store else None) as opened:
        reading = update_store(opened, [str(path) for path in paths], now)
        files = opened.files().items()
        return Ingested(
            reading, {name: [row for path in parts for row in pq.read_table(path).to_pylist()] for name, parts in files}
        )


def ingest_of(folder: Path, *lines: Mapping[str, Any] | str | bytes, now: int = NOON) -> Ingested:
    """Read lines into the tables on which every report stands."""
    return ingest(write(folder / "osqueryd.results.log", lines), now=now)


@contextmanager
def outlines_of_few() -> Iterator[None]:
    """Let reports make outlines of any rows, however few, and of whatever length, and seldom anew."""
    with (
        patch.multiple(outline, LEAST=0, MOST=1.0, FRESH=0.5),
        patch.object(duckdb_engine, "FEW_BYTES", 0),
    ):
        yield


def make_outline(store: Store, request: ReportRequest) -> Sequence[str]:
    """Make and keep the outline that a report would make, a tenth of the work of a report; returns its notes."""
    with closing(DuckDb(store.folder, store.scratch(), 1)) as engine:
        engine.add_logs(store.files())
        set_parameters(engine, request, request.now if request.until is None else request.until)
        for step in queries.steps("05_known"):
            engine.create(step)
        notes = outline.use_outline(engine, store, request)
    store.save()
    store.remove_outlines()
    return notes


def said(report: Report) -> list[tuple[str, str, str, str]]:
    """Give host, control, status and reason of each verdict."""
    return [(_short(each), each.control, each.status.value, each.reason) for each in report.verdicts]


def _short(verdict: Verdict) -> str:
    return verdict.host.removeprefix("uuid-")
