"""The envelopes of log shippers around a line of osqueryd: a table with one row for each kind.

Each form is the one that its producer's source or reference writes; docs/reporting.md names it, and the tests hold a
sample of each.
"""

from __future__ import annotations

import binascii
import re
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

import orjson

from auditrules.report.ingest.json_lines import UnreadableRecord, decode_records

LARGEST_PAYLOAD = 64 * 1024 * 1024
"""The most bytes that one payload in base64 and gzip may unpack to."""


class Form(Enum):
    """The content of an envelope."""

    LINES = "lines"
    """A line of osqueryd, or a list of them, each as an object or as text."""
    BASE64 = "base64"
    """The same as text in base64, which may be gzipped."""
    ROW = "row"
    """A row of a query, without the line around it."""


class Envelope(NamedTuple):
    """The place where a producer puts a line. `path` is a list of nested keys; the key `beside` must exist, too."""

    producer: str
    path: tuple[str, ...]
    form: Form = Form.LINES
    beside: str = ""


ENVELOPES = (
    Envelope("osqueryd, the body of its TLS logger; Fleet to ClickHouse", ("data",)),
    Envelope("Filebeat, module osquery", ("osquery", "result")),
    Envelope("Filebeat, module osquery, flattened", ("osquery.result",)),
    Envelope("Elastic's Osquery Manager", ("osquery",), Form.ROW),
    Envelope("Elasticsearch, a document", ("_source",)),
    Envelope("Elasticsearch, the answer to a search", ("hits", "hits"), beside="took"),
    Envelope("Filebeat, Fluent Bit, Vector; CloudWatch and Pub/Sub, a message", ("message",)),
    Envelope("Filebeat and Elastic's integrations", ("event", "original")),
    Envelope("Logstash and Graylog", ("json",)),
    Envelope("Fluent Bit and Docker", ("log",)),
    Envelope("Loki, logcli", ("line",)),
    Envelope("Loki, the answer of its API", ("data", "result")),
    Envelope("Loki, a stream", ("values",), beside="stream"),
    Envelope("Splunk, an export", ("result",)),
    Envelope("Splunk, an event of an export", ("_raw",)),
    Envelope("Splunk, HTTP Event Collector; Fleet to Splunk", ("event",)),
    Envelope("Splunk, the answer of its API; Fleet's API", ("results",)),
    Envelope("Google Cloud Logging, JSON", ("jsonPayload",)),
    Envelope("Google Cloud Logging, text", ("textPayload",)),
    Envelope("Google Pub/Sub, messages that were pulled", ("receivedMessages",)),
    Envelope("Google Pub/Sub, the data of a message; Firehose, the data of a record", ("data",), Form.BASE64),
    Envelope("Amazon Kinesis, GetRecords and a Lambda event; SNS and SQS, a Lambda event", ("Records",)),
    Envelope("Amazon Kinesis, the data of a record", ("Data",), Form.BASE64),
    Envelope("Amazon Kinesis, the data of a record in a Lambda event", ("kinesis", "data"), Form.BASE64),
    Envelope("Amazon Firehose and Kafka's REST proxy, records", ("records",)),
    Envelope("Amazon CloudWatch Logs, a subscription", ("awslogs", "data"), Form.BASE64),
    Envelope("Amazon CloudWatch Logs, the message of a subscription", ("logEvents",)),
    Envelope("Amazon CloudWatch Logs, GetLogEvents", ("events",)),
    Envelope("Amazon SQS, ReceiveMessage", ("Messages",)),
    Envelope("Amazon SQS, a message", ("Body",)),
    Envelope("Amazon SQS, a message in a Lambda event", ("body",)),
    Envelope("Amazon SNS, a message", ("Message",)),
    Envelope("Amazon SNS, a message in a Lambda event", ("Sns", "Message")),
    Envelope("Kafka's REST proxy, the value of a record", ("value",)),
    Envelope("Kafka's REST proxy, the value of a record in binary", ("value",), Form.BASE64),
    Envelope("kcat -J", ("payload",), beside="topic"),
    Envelope("Fleet's webhook", ("details",), beside="timestamp"),
    Envelope("journalctl -o json", ("MESSAGE",)),
)

_BY_KEY = {
    key: tuple(envelope for envelope in ENVELOPES if envelope.path[0] == key)
    for key in {envelope.path[0] for envelope in ENVELOPES}
}

# Other spellings of the keys of osqueryd's lines: Filebeat's, and those of stores whose columns have no capitals.
_SPELLINGS = {
    "host_identifier": "hostIdentifier",
    "hostidentifier": "hostIdentifier",
    "unix_time": "unixTime",
    "unixtime": "unixTime",
    "calendar_time": "calendarTime",
    "calendartime": "calendarTime",
    "diff_results": "diffResults",
    "diffresults": "diffResults",
}
# Parts of a line that Athena, Panther and the like keep as text.
_AS_TEXT = {"snapshot": "[", "columns": "{", "diffResults": "{", "decorations": "{"}

_BASE64 = re.compile(rb"[A-Za-z0-9+/\-_\s]{16,}={0,2}\s*\Z")
_HIDDEN = re.compile(rb'"([A-Za-z0-9+/\-_]{64,}={0,2})"')
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_GZIP = b"\x1f\x8b"
_LINE_KEYS = (b"hostIdentifier", b"host_identifier", b"cis_id", b'"control')


class RowWithoutLine(NamedTuple):
    """A row of a query that came without a line."""

    columns: Mapping[str, Any]


class Text(NamedTuple):
    """Text that is no JSON, but may be a line of a status log."""

    content: str


def normalized(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record with osqueryd's spelling of keys and with parsed parts; the record itself if it has these."""
    if not any(key in _SPELLINGS or (key in _AS_TEXT and isinstance(value, str)) for key, value in record.items()):
        return record
    own = {_SPELLINGS.get(key, key): value for key, value in record.items()}
    for key, opening in _AS_TEXT.items():
        value = own.get(key)
        if isinstance(value, str) and value.lstrip().startswith(opening):
            try:
                own[key] = orjson.loads(value)
            except ValueError:
                continue  # it stays text, and the line is none of osqueryd's
    return own


def unwrap(record: Mapping[str, Any]) -> Iterator[object]:
    """Yield the content of an envelope: records, lists of them, `RowWithoutLine`, `Text`, and `UnreadableRecord`.

    A text that ought to be a line and is none is an `UnreadableRecord`, except in osqueryd's messages, which hold any.
    """
    own_message = "severity" in record and "filename" in record
    found = [
        (envelope, payload)
        for key in record
        for envelope in _BY_KEY.get(key, ())
        if (payload := _payload(record, envelope)) is not None
    ]
    paths = {envelope.path for envelope, _ in found}
    taken: set[tuple[str, ...]] = set()
    for envelope, payload in found:
        if not isinstance(payload, str):
            if envelope.path in taken:
                continue  # what is no text is the same in two rows of one path
            taken.add(envelope.path)
        if isinstance(payload, list):
            yield [_listed(each) for each in payload]
        elif isinstance(payload, dict):
            if any(path[: len(envelope.path)] == envelope.path != path for path in paths):
                continue  # what is in it is in a row of its own
            yield RowWithoutLine(payload) if envelope.form is Form.ROW else payload
        elif isinstance(payload, str):
            yield from _of_text(payload, envelope, own_message=own_message)


def hidden_line(content: bytes) -> bool:
    """Whether a line of a log holds a line of osqueryd in base64, in an envelope that `ENVELOPES` lacks."""
    for found in _HIDDEN.finditer(content):
        try:
            payload = _unpacked(found[1])
        except ValueError:
            continue
        if any(key in payload for key in _LINE_KEYS):
            return True
    return False


def _payload(record: Mapping[str, Any], envelope: Envelope) -> object:
    if envelope.beside and envelope.beside not in record:
        return None
    found: object = record
    for key in envelope.path:
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return found


def _listed(element: object) -> object:
    """The line of an element of a list. Loki pairs each line with its time."""
    if isinstance(element, list) and len(element) == 2 and all(isinstance(each, str) for each in element):  # noqa: PLR2004
        return {"line": element[1]}
    return {"line": element} if isinstance(element, str) else element


def _of_text(payload: str, envelope: Envelope, *, own_message: bool) -> Iterator[object]:
    if envelope.form is Form.BASE64:
        if "{" in payload:
            return  # it is read as text, by another row of the table
        yield from _of_base64(payload)
    elif envelope.form is Form.LINES:
        if "{" not in payload:
            yield Text(payload)
            return
        for each in decode_records(payload.encode("utf-8", "surrogatepass")):
            if not isinstance(each, UnreadableRecord):
                yield each
            elif not own_message:
                yield each._replace(cause=f"expected JSON in {'.'.join(envelope.path)}, found {each.cause}")


def _of_base64(payload: str) -> Iterator[object]:
    """Decode base64. Nothing if a text is no base64, as the key may hold other texts."""
    content = payload.encode("utf-8", "surrogatepass")
    if not _BASE64.match(content):
        return
    try:
        unpacked = _unpacked(content)
    except ValueError as error:
        yield UnreadableRecord(content, str(error))
        return
    if b"{" in unpacked:
        yield from decode_records(unpacked)
    else:
        yield Text(unpacked.decode("utf-8", "backslashreplace"))


def _unpacked(content: bytes) -> bytes:
    """Decode base64, and unpack gzip. Raises `ValueError`."""
    if len(content) > LARGEST_PAYLOAD:
        raise ValueError(f"expected at most {LARGEST_PAYLOAD} bytes of base64")
    plain = b"".join(content.translate(_URL_SAFE).split()).rstrip(b"=")
    try:
        payload = b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"expected base64, found {error}") from None
    if not payload.startswith(_GZIP):
        return payload
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(payload, LARGEST_PAYLOAD)
    except zlib.error as error:
        raise ValueError(f"expected gzip in base64, found {error}") from None
    if unpacker.unconsumed_tail:
        raise ValueError(f"expected base64 of gzip that unpacks to at most {LARGEST_PAYLOAD} bytes, found more")
    return unpacked
