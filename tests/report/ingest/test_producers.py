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

from auditrules.report.ingest.envelopes import ENVELOPES, Envelope, Form
from auditrules.report.model import Report
from tests.report.logs import NOON, report, row, snapshot, write

SAMPLES = sorted((Path(__file__).parent / "samples").iterdir())
PAGE = (Path(__file__).parents[3] / "docs" / "reporting.md").read_text("utf-8")
DECORATIONS = {"host_uuid": "4c4c4544-0042-4a10-8036-b8c04f4d3632", "hostname": "web-1.example.net"}
STATUS = [each for each in SAMPLES if "status" in each.name or "glog" in each.name]
RESULTS = [each for each in SAMPLES if each not in STATUS]


def read(sample: Path, folder: Path, *others: Path) -> Report:
    copy = Path(shutil.copy(sample, folder))
    os.utime(copy, (NOON + 60, NOON + 60))
    return report(copy, *others, now=NOON + 120)


@pytest.mark.parametrize("sample", RESULTS, ids=lambda sample: sample.name)
def test_what_a_producer_writes_is_a_verdict(sample: Path, tmp_path: Path) -> None:
    found = read(sample, tmp_path)
    (host,) = found.hosts
    (verdict,) = found.verdicts
    assert (host.name, verdict.control, verdict.status.value) == ("web-1.example.net", "1.2.3", "fail")
    assert verdict.evidence == 'no rule records "/usr/bin/dockerd"\nnot recorded: wa'
    assert (found.reading.broken, found.reading.unreadable) == (0, ())
    dated_by_file = sample.name == "fleetctl-query.json"
    assert (found.reading.dated_by_file, verdict.seen) == (dated_by_file, NOON + 60 if dated_by_file else NOON)


@pytest.mark.parametrize("sample", STATUS, ids=lambda sample: sample.name)
def test_a_failure_that_a_producer_writes_makes_the_pass_before_it_unknown(sample: Path, tmp_path: Path) -> None:
    line = snapshot("web-1", NOON - 600, row(), hostIdentifier="web-1.example.net", decorations=DECORATIONS)
    found = read(sample, tmp_path, write(tmp_path / "osqueryd.snapshots.log", [line]))
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
    found = report(write(tmp_path / "log", [json.dumps(enveloped(envelope))]))
    assert [(each.control, each.status.value) for each in found.verdicts] == [("1.2.3", "fail")]
    assert (found.reading.broken, found.reading.repeated) == (0, 0)
