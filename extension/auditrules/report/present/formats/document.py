"""Writes the whole report as one JSON document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum

from auditrules.report.model import Counts, Report, Verdict
from auditrules.report.present.formats.streaming import stream
from auditrules.report.present.remediation import remediation_text
from auditrules.text import visible

FORMAT = "auditrules report 1"
"""The version of the document's form. New versions only add keys."""


def document(report: Report) -> Iterator[str]:
    """Write a report with the names of its model, including the computed properties."""
    members: dict[str, object] = {"format": FORMAT}
    for field in fields(report):
        value = getattr(report, field.name)
        members[field.name] = map(_json, value) if isinstance(value, tuple) else _json(value)
    yield from stream(members)
    yield "\n"


def _json(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    if not is_dataclass(value):
        return value  # a number, or None
    members = {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Counts):
        members |= {"judged": value.judged, "share": value.share, "total": value.total}
    if isinstance(value, Verdict):
        members |= {"waived": value.waived, "remediation": remediation_text(value)}
    return members
