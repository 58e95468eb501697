"""Writes a lint report as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from auditrules import __version__
from auditrules.authoring.finding import LintFinding, LintReport, LintSeverity, Place
from auditrules.authoring.finding_table import FINDINGS
from auditrules.text import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")  # RFC 3986, 2.3
_INDEX = {kind.id: place for place, kind in enumerate(FINDINGS)}

SarifObject = dict[str, Any]


def sarif(reports: Sequence[LintReport], _fail_on: LintSeverity) -> str:
    """Write the reports as one run."""
    return sarif_log(_rules(), [_result(each) for report in reports for each in report.findings])


def sarif_log(rules: Sequence[SarifObject], results: Sequence[SarifObject]) -> str:
    """Make a log of one run of this tool: the descriptors of its rules, and results that refer to them."""
    run = {
        "tool": {"driver": {"name": "auditrules", "version": __version__, "rules": list(rules)}},
        "columnKind": "unicodeCodePoints",
        "results": list(results),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rules() -> list[SarifObject]:
    return [
        {
            "id": kind.id,
            "shortDescription": {"text": kind.title},
            "fullDescription": {"text": kind.effect},
            "help": {"text": kind.advice},
            "defaultConfiguration": {"level": kind.severity.value},
        }
        for kind in FINDINGS
    ]


def _result(finding: LintFinding) -> SarifObject:
    on = "; ".join(map(str, finding.targets))
    result: SarifObject = {
        "ruleId": finding.kind.id,
        "ruleIndex": _INDEX[finding.kind.id],
        "level": finding.kind.severity.value,
        "message": {"text": visible(f"{finding.message}. {finding.kind.effect} {finding.kind.advice}")},
        "locations": [location(finding.place, finding.text, finding.span)],
        # From the text of the line, so that a finding stays the same when lines above it come or go.
        "partialFingerprints": {"ruleAndLine/v1": _fingerprint(finding)},
        "properties": {"targets": on},
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": visible(message)}, **location(place)}
            for number, (place, message) in enumerate(finding.related)
        ]
    if finding.suppressed is not None:
        result["suppressions"] = [{"kind": "inSource", "justification": visible(finding.suppressed)}]
    return result


def location(place: Place, text: str = "", span: tuple[int, int] | None = None) -> SarifObject:
    """A place as a location. It has a region only if the place has a line."""
    physical: SarifObject = {"artifactLocation": {"uri": uri(place.path)}}
    if place.line:
        region: SarifObject = {"startLine": place.line}
        if span is not None:
            region |= {"startColumn": span[0] + 1, "endColumn": max(span[1], span[0]) + 1}
        if text:
            region["snippet"] = {"text": visible(text)}
        physical["region"] = region
    return {"physicalLocation": physical}


def uri(path: str) -> str:
    """A path as a URI reference: a relative path as it is, an absolute one with file:."""
    if path == "-":
        return "stdin"
    quoted = "".join(
        chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in path.encode("utf-8", "surrogateescape")
    )
    return f"file://{quoted}" if path.startswith("/") else quoted.removeprefix("./")


def _fingerprint(finding: LintFinding) -> str:
    told = "\0".join((finding.kind.id, finding.place.path, finding.text or finding.message))
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:32]
