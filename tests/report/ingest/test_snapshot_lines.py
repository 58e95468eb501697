"""Lines are decoded as JSON is, whatever began as they do."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.report.ingest.snapshot_lines import SnapshotLines

KEYS = st.sampled_from(["snapshot", "action", "columns", "name"])
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text(max_size=4) | st.just('],"action":'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
SNAPSHOT = '{"snapshot":[{"control":"1.1"}],"action":"snapshot","name":"q"}'


def decoded(lines: SnapshotLines, content: bytes) -> object:
    try:
        return lines.decode(content)
    except orjson.JSONDecodeError:
        return "no JSON"


def whole(content: bytes) -> object:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return "no JSON"


@given(st.lists(st.lists(st.tuples(KEYS, VALUES), max_size=4), min_size=1, max_size=4), st.data())
def test_a_line_is_what_it_is_as_json(lines: list[list[tuple[str, object]]], data: st.DataObject) -> None:
    reader = SnapshotLines()
    for pairs in lines:
        members = [b'"snapshot":[{"action":[1]}]', *(orjson.dumps({key: value})[1:-1] for key, value in pairs)]
        content = b"{" + b",".join(members) + b"}"
        torn = content[: data.draw(st.integers(0, len(content)))]
        for each in (content, torn, content):
            assert decoded(reader, each) == whole(each)


@pytest.mark.parametrize(
    "line",
    [
        SNAPSHOT,
        SNAPSHOT.replace("}]", '}],"columns":[1]'),
        SNAPSHOT.replace('"name"', '"snapshot"'),
        SNAPSHOT.replace('"1.1"', '["1.1"],"action":["x"]'),
        SNAPSHOT + SNAPSHOT,
        SNAPSHOT[:-1],
        SNAPSHOT[:-1] + ",}",
        SNAPSHOT.replace('"1.1"', "x"),
        SNAPSHOT.replace("1.1", "1" * 5000),
    ],
)
def test_a_line_whose_beginning_is_known_is_what_it_is_as_json(line: str) -> None:
    reader = SnapshotLines()
    for content in (line, SNAPSHOT, line):
        assert decoded(reader, content.encode()) == whole(content.encode())
