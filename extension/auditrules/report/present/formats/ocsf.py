"""Writes OCSF lines: one Compliance Finding (class 2003) for each verdict.

Only what OCSF 1.5 to 1.8 have in common is used, under the oldest of these versions. (https://schema.ocsf.io)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from auditrules.benchmarks import BY_ID, BenchmarkControl
from auditrules.report.model import HostSummary, Report, Verdict
from auditrules.report.present.complete import complete
from auditrules.report.present.formats.streaming import identity
from auditrules.report.present.remediation import remediation_text
from auditrules.report.present.wording import control_heading, control_name, waiver_text
from auditrules.report.times import utc
from auditrules.status import Status
from auditrules.text import visible

VERSION = "1.5.0"
_PRODUCT = "osquery-audit-rules"

_COMPLIANCE: Mapping[Status, tuple[int, str]] = MappingProxyType(
    {
        Status.PASS: (1, "Pass"),
        Status.FAIL: (3, "Fail"),
        Status.UNKNOWN: (0, "Unknown"),
        Status.NOT_APPLICABLE: (99, "Not Applicable"),
    }
)
_SEVERITY: Mapping[Status, tuple[int, str]] = MappingProxyType(
    {
        Status.PASS: (1, "Informational"),
        Status.FAIL: (3, "Medium"),
        Status.UNKNOWN: (0, "Unknown"),
        Status.NOT_APPLICABLE: (1, "Informational"),
    }
)
_NEW, _SUPPRESSED = (1, "New"), (3, "Suppressed")


def ocsf(report: Report) -> Iterator[str]:
    """Write a line of JSON for each verdict, and for each host without any."""
    report = complete(report)
    hosts = {host.key: host for host in report.hosts}
    for verdict in report.verdicts:
        yield f"{json.dumps(_finding(report, hosts[verdict.host], verdict))}\n"


def _finding(report: Report, host: HostSummary, verdict: Verdict) -> dict[str, object]:
    key, name, title = visible(host.key), visible(host.name), visible(verdict.title)
    at = _finding_time(report, verdict)
    status_id, status = _COMPLIANCE[verdict.status]
    severity_id, severity = _SEVERITY[verdict.status]
    uid = identity(verdict.host, verdict.benchmark, verdict.version, verdict.control, verdict.target)
    advice = remediation_text(verdict)
    known = BY_ID.get((verdict.benchmark, verdict.version, verdict.control))
    group = {"labels": [visible(f"{report.grouped_by}: {host.group}")]} if host.group else {}
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200301,
        "severity_id": severity_id,
        "severity": severity,
        "time": at * 1000,
        "message": visible(f"{host.name}: {control_name(verdict)}: {status}"),
        **_state(verdict),
        "metadata": {
            "version": VERSION,
            "uid": f"{uid}:{verdict.status.value}:{at}",
            "product": {"name": _PRODUCT, "vendor_name": _PRODUCT, "version": report.tool_version},
        },
        "finding_info": {
            "uid": uid,
            "title": visible(control_heading(verdict)),
            **_texts({"desc": verdict.evidence}),
            **({} if verdict.since is None else {"first_seen_time": verdict.since * 1000}),
            **({} if verdict.seen is None else {"last_seen_time": verdict.seen * 1000}),
        },
        "compliance": {
            **_texts({"control": verdict.control}),
            "desc": title,
            **({"requirements": list(known.mappings)} if known is not None and known.mappings else {}),
            "standards": [visible(f"{verdict.benchmark} v{verdict.version}" if verdict.benchmark else _PRODUCT)],
            "status_id": status_id,
            "status": status,
            **_texts({"status_code": verdict.reason}),
            **({"status_details": [visible(verdict.evidence)]} if verdict.evidence else {}),
        },
        "resources": [{"type": "Host", "uid": key, "name": name, **group}],
        "device": {"type_id": 0, "type": "Unknown", "uid": key, "hostname": name},
        **({"remediation": {"desc": advice, **_references(known)}} if advice else {}),
        "unmapped": _texts(
            {
                "target": verdict.target,
                "level": verdict.level,
                "logged": verdict.logged,
                "next_boot": verdict.next_boot,
                "host_state": host.state.value,
                "host_last_seen": "" if host.last_seen is None else utc(host.last_seen),
                "host_note": host.note,
            }
        ),
    }


def _finding_time(report: Report, verdict: Verdict) -> int:
    """The time of the finding: that of the host's last row, or that of the report if it gave another status.

    Whoever goes by the latest line of a finding would else see the pass of a host that has been silent since.
    """
    if verdict.seen is None or verdict.logged != verdict.status.value:
        return report.made_at
    return verdict.seen


def _references(control: BenchmarkControl | None) -> dict[str, object]:
    return {"references": list(control.links)} if control is not None and control.links else {}


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: visible(text) for key, text in texts.items() if text}


def _state(verdict: Verdict) -> dict[str, object]:
    """Whether anybody has to look at the finding. Verdicts that pass or do not apply have no such state."""
    if verdict.status not in {Status.FAIL, Status.UNKNOWN}:
        return {}
    status_id, status = _SUPPRESSED if verdict.waived else _NEW
    state: dict[str, object] = {"status_id": status_id, "status": status}
    if verdict.waiver is not None:
        state["comment"] = waiver_text(verdict.waiver)
    return state
