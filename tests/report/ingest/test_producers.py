"""Samples of what producers write, made from their sources and references: each is one failing host.

docs/reporting.md names each of them.
"""

from __future__ import annotations

import json
import os
import shutil
from base64 import b64encode
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from auditrules.report.ingest.envelopes import ENVELOPES, Envelope, Form
from tests.report.logs import NOON, ingest, report, row, snapshot, write

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())
PAGE = (Path(__file__).parents[3] / "docs" / "reporting.md").read_text("utf-8")
KNOWN = ("name", "control", "status", "evidence", "time")
DECORATIONS = {"host_uuid": "4c4c4544-0042-4a10-8036-b8c04f4d3632", "hostname": "web-1.example.net"}
STATUS = [each for each in SAMPLES if "status" in each.name or "glog" in each.name]
RESULTS = [each for each in SAMPLES if each not in STATUS]


FEW = {"fleetctl-query.json", RESULTS[0].name, STATUS[0].name}
"""Samples of which `make test` makes the whole report; `make test-full` makes that of each."""


def copied(sample: Path, folder: Path) -> Path:
    copy = Path(shutil.copy(sample, folder))
    os.utime(copy, (NOON + 60, NOON + 60))
    return copy


def reported(samples: list[Path]) -> list[ParameterSet]:
    return [pytest.param(each, marks=() if each.name in FEW else pytest.mark.full, id=each.name) for each in samples]


def time_of(sample: Path) -> int:
    """The time of a sample's row: one alone has none, and has that of its file."""
    return NOON + 60 if sample.name == "fleetctl-query.json" else NOON


@pytest.mark.parametrize("sample", RESULTS, ids=lambda sample: sample.name)
def test_what_a_producer_writes_is_a_row(sample: Path, tmp_path: Path) -> None:
    found = ingest(copied(sample, tmp_path), now=NOON + 120)
    (read,) = {tuple(each[name] for name in KNOWN) for each in found.tables["observations"]}
    evidence = 'no rule records "/usr/bin/dockerd"\nnot recorded: wa'
    assert read == ("web-1.example.net", "1.2.3", "fail", evidence, time_of(sample))
    assert (found.reading.broken, found.reading.unreadable) == (0, ())


@pytest.mark.parametrize("sample", STATUS, ids=lambda sample: sample.name)
def test_a_failure_that_a_producer_writes_is_a_query_that_failed(sample: Path, tmp_path: Path) -> None:
    found = ingest(copied(sample, tmp_path), now=NOON + 120)
    (failure,) = {(each["query"], each["message"]) for each in found.tables["query_failures"]}
    assert failure == ("pack_cis-docker_cis_docker_1_2_3", "no such table: audit_rules")
    assert found.reading.broken == 0


@pytest.mark.parametrize("sample", reported(RESULTS))
def test_what_a_producer_writes_is_a_verdict(sample: Path, tmp_path: Path) -> None:
    found = report(copied(sample, tmp_path), now=NOON + 120)
    (host,) = found.hosts
    (verdict,) = found.verdicts
    assert (host.name, verdict.control, verdict.status.value) == ("web-1.example.net", "1.2.3", "fail")
    assert verdict.evidence == 'no rule records "/usr/bin/dockerd"\nnot recorded: wa'
    assert (found.reading.broken, found.reading.unreadable) == (0, ())
    assert (found.reading.dated_by_file, verdict.seen) == (time_of(sample) != NOON, time_of(sample))


@pytest.mark.parametrize("sample", reported(STATUS))
def test_a_failure_that_a_producer_writes_makes_the_pass_before_it_unknown(sample: Path, tmp_path: Path) -> None:
    line = snapshot("web-1", NOON - 600, row(), hostIdentifier="web-1.example.net", decorations=DECORATIONS)
    log = write(tmp_path / "osqueryd.snapshots.log", [line])
    found = report(copied(sample, tmp_path), log, now=NOON + 120)
    (verdict,) = found.verdicts
    assert (verdict.status.value, verdict.reason) == ("unknown", "query_failed")
    assert verdict.evidence == "pack_cis-docker_cis_docker_1_2_3 failed: no such table: audit_rules"
    assert found.reading.broken == 0


def test_every_sample_is_named_in_the_documentation() -> None:
    assert [each.name for each in SAMPLES if f"`{each.name}`" not in PAGE] == []


def test_no_two_rows_of_the_table_read_the_same_place() -> None:
    places = [(each.path, each.form) for each in ENVELOPES]
    assert len(places) == len(set(places))


def enveloped(envelope: Envelope) -> object:
    """The smallest record of a row of the table."""
    line = snapshot("a", NOON, row("fail"))
    text = json.dumps(line)
    payloads = {Form.LINES: text, Form.BASE64: b64encode(text.encode()).decode(), Form.ROW: line["snapshot"][0]}
    found: object = payloads[envelope.form]
    for key in reversed(envelope.path):
        found = {key: found}
    assert isinstance(found, dict)
    return {**found, "host": {"name": "a"}, "@timestamp": "2026-11-23T12:00:00Z"} | (
        {envelope.beside: 1} if envelope.beside else {}
    )


@pytest.mark.parametrize("envelope", ENVELOPES, ids=lambda envelope: envelope.producer)
def test_every_row_of_the_table_is_read(envelope: Envelope, tmp_path: Path) -> None:
    found = ingest(write(tmp_path / "log", [json.dumps(enveloped(envelope))]))
    assert [(each["control"], each["status"]) for each in found.tables["observations"]] == [("1.2.3", "fail")]
    assert found.reading.broken == 0
