"""What the stand-in's logger writes, case by case; test_captured compares it with what osqueryd wrote."""

from __future__ import annotations

from tests.core.logger import Form, Item


def one(**said: object) -> Item:
    return Item("pack_p_q", "web-1", 1_795_425_350, **said)  # type: ignore[arg-type] # a case says which


def test_a_snapshot_without_rows_is_a_line() -> None:
    (line,) = Form().lines(one(snapshot=()))
    assert line.startswith('{"snapshot":[],"action":"snapshot","name":"pack_p_q",')


def test_a_snapshot_without_rows_is_no_event() -> None:
    assert list(Form(logger_snapshot_event_type=True).lines(one(snapshot=()))) == []


def test_a_host_without_decorations_says_none() -> None:
    (line,) = Form().lines(one(snapshot=()))
    assert line.endswith('"epoch":0,"counter":0,"numerics":false}')


def test_removed_rows_come_before_added_ones() -> None:
    lines = list(Form().lines(one(removed=({"a": "1"},), added=({"a": "2"},))))
    assert [line.partition('"columns":')[2] for line in lines] == [
        '{"a":"1"},"action":"removed"}',
        '{"a":"2"},"action":"added"}',
    ]


def test_json_has_the_escapes_of_rapidjson() -> None:
    (line,) = Form().lines(one(added=({"a": '\x00\x1b\b\f\n\r\t"\\/é\x7f'},)))
    assert line.partition('"columns":')[2] == '{"a":"\\u0000\\u001B\\b\\f\\n\\r\\t\\"\\\\/é\x7f"},"action":"added"}'
