"""Replies of spliced bytes, beside what thrift itself writes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from osquery.extensions.ttypes import ExtensionResponse, ExtensionStatus
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from auditrules.plugin import row
from auditrules.plugin.row import KeptRow, Row, places
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Selection, Table
from auditrules.serve.handler import Handler
from auditrules.serve.splice import Splicer

SCHEMA = Schema("t", "Rows.", tuple(Column(name, ColumnType.TEXT, name) for name in "abc"), ())
NAMES = (*SCHEMA.names, "rowid")
STATUS = ExtensionStatus(0, "OK", 7)

cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.sampled_from(
    ["", "caf\u00e9", "x" * 70_000]
)
rows = st.fixed_dictionaries(dict.fromkeys(NAMES, cells))
columns = st.none() | st.sets(st.sampled_from(NAMES), min_size=1).map(
    lambda names: tuple(n for n in NAMES if n in names)
)


def kept(row: Mapping[str, str]) -> KeptRow:
    """Return a row of the table, to be kept."""
    return KeptRow.of(places(NAMES), [row[name] for name in NAMES])


class Escaping(TBinaryProtocol):  # type: ignore[misc] # thrift has no types
    """thrift's own protocol, with text that cannot be encoded escaped."""

    def writeString(self, text: str) -> None:  # noqa: N802 - thrift's name
        self.writeBinary(text.encode("utf-8", "backslashreplace"))


def thrifts(found: Sequence[Row], names: tuple[str, ...] | None) -> bytes:
    """Return what thrift writes for the reply, cell by cell."""
    buffer = TMemoryBuffer()
    ExtensionResponse(STATUS, Selection(0, "OK", found, names).response().rows).write(Escaping(buffer))
    return bytes(buffer.getvalue())


def ours(found: Sequence[Row]) -> bytes:
    buffer = TMemoryBuffer()
    handler = Handler([Table(SCHEMA, lambda _context: found)], 7)
    handler.call("table", "t", {"action": "generate"}).write(Escaping(buffer))
    return bytes(buffer.getvalue())


@given(st.lists(rows, max_size=5), columns, st.booleans())
def test_the_maps_are_those_that_thrift_writes(
    plain: list[dict[str, str]], names: tuple[str, ...] | None, keep: bool
) -> None:
    found: list[Row] = [kept(row) for row in plain] if keep else list(plain)
    assert thrifts(found, names).endswith(b"".join(Splicer(SCHEMA).chunks(found, names)) + b"\0")


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1000])
def test_the_whole_reply_is_the_one_that_thrift_writes(count: int) -> None:
    found = [kept({"a": str(number), "b": "", "c": "caf\udce9", "rowid": str(number)}) for number in range(count)]
    assert ours(found) == thrifts(found, NAMES)


def test_a_row_to_keep_is_encoded_once() -> None:
    found, splicer = kept(dict.fromkeys(NAMES, "x")), Splicer(SCHEMA)
    with patch.object(row, "text", side_effect=AssertionError):
        for names in (NAMES, ("a", "rowid"), ("rowid",), NAMES):
            assert list(splicer.chunks([found], names))


@given(rows, rows)
def test_a_row_to_keep_is_the_mapping_that_it_was_made_of(one: dict[str, str], other: dict[str, str]) -> None:
    assert dict(kept(one)) == one
    assert kept(one) == kept(one) == one
    assert hash(kept(one)) == hash(kept(one))
    assert (kept(one) == kept(other)) is (one == other)


def test_a_row_made_anew_is_encoded_as_it_is_now() -> None:
    found, splicer = dict.fromkeys(NAMES, "x"), Splicer(SCHEMA)
    first = b"".join(splicer.chunks([found], ("a",)))
    found["a"] = "y"
    assert b"".join(splicer.chunks([found], ("a",))) == first.replace(b"x", b"y")


def test_the_first_rows_leave_before_the_last_are_joined() -> None:
    found = [kept(dict.fromkeys(NAMES, "x")) for _ in range(10_000)]
    chunks = Splicer(SCHEMA).chunks(found, NAMES)
    assert len(next(chunks)) < 20_000


def test_a_row_that_lacks_a_column_is_an_answer_with_its_cause() -> None:
    reply: Any = Handler([Table(SCHEMA, lambda _context: [{"a": "1"}])], 7).call("table", "t", {"action": "generate"})
    buffer = TMemoryBuffer()
    reply.write(Escaping(buffer))
    assert b"t: KeyError: 'b'" in buffer.getvalue()


def test_a_call_during_the_look_at_the_start_waits_for_it() -> None:
    looking, goes_on = Event(), Event()
    at_once: list[str] = []

    def rows(_context: object) -> list[Row]:
        at_once.append("begins")
        looking.set()
        assert goes_on.wait(60)
        at_once.append("ends")
        return []

    handler = Handler([Table(SCHEMA, rows)], 7)
    look = Thread(target=handler.look)
    call = Thread(target=handler.call, args=("table", "t", {"action": "generate"}))
    look.start()
    assert looking.wait(60)
    call.start()
    call.join(0.2)
    goes_on.set()
    for thread in (look, call):
        thread.join()
    assert at_once == ["begins", "ends"] * 2


def test_the_start_fills_eager_tables_alone() -> None:
    asked: list[str] = []

    def table(name: str, *, eager: bool) -> Table:
        def rows(_context: object) -> list[dict[str, str]]:
            asked.append(name)
            return []

        return Table(replace(SCHEMA, name=name), rows, eager=eager)

    Handler([table("lazy", eager=False), table("eager", eager=True)], 7).look()
    assert asked == ["eager"]


def test_a_table_that_is_not_eager_answers_when_it_is_asked() -> None:
    handler = Handler([Table(SCHEMA, lambda _context: [dict.fromkeys(NAMES, "1")], eager=False)], 7)
    handler.look()
    reply: Any = handler.call("table", "t", {"action": "generate"})
    assert (reply._status.code, len(reply._found.rows)) == (0, 1)
