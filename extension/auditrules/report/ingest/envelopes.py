"""What others wrap around a line of osqueryd. The shapes are those of their documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditrules.report.ingest.json_lines import UnreadableRecord, decode_records

# Where the line of osqueryd is in what others make of it, as an object, a list or a text.
_ENVELOPES = (
    *("osquery.result", "json", "jsonPayload", "_source", "data", "logEvents"),
    *("message", "line", "log", "event.original", "textPayload", "_raw"),
)
# Filebeat's module for osquery turns the names of keys into snake case.
_FILEBEAT = {
    "host_identifier": "hostIdentifier",
    "unix_time": "unixTime",
    "calendar_time": "calendarTime",
    "diff_results": "diffResults",
}


def unwrap(record: Mapping[str, Any]) -> Iterator[object]:
    """Return what is in an envelope: Filebeat's `osquery.result` and `message`, osquery's TLS body, Loki, CloudWatch.

    A text that ought to be a line and is none is an `UnreadableRecord`, except in osqueryd's messages, which hold any.
    """
    osquery, event = record.get("osquery"), record.get("event")
    within = {key: record[key] for key in _ENVELOPES if key in record}
    if isinstance(osquery, dict):
        within["osquery"] = osquery.get("result")
    if isinstance(event, dict):
        within["event"] = event.get("original")
    message = "severity" in record and "filename" in record
    for key, inner in within.items():
        if isinstance(inner, dict):
            yield {_FILEBEAT.get(name, name): value for name, value in inner.items()}
        elif isinstance(inner, list):
            yield inner
        elif isinstance(inner, str) and "{" in inner:
            for each in decode_records(inner.encode("utf-8", "surrogatepass")):
                if not isinstance(each, UnreadableRecord):
                    yield each
                elif not message:
                    yield each._replace(cause=f"expected JSON in {key}, found {each.cause}")
