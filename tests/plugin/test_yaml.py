"""What is written as YAML is read back as it was, by a reader of somebody else's."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditrules.plugin.yaml import YamlValue, document, documents

TEXTS = st.one_of(
    st.text(),
    st.text(" \n\t:#-'\"|>%@`[]{}&*!?$\\abc01\x00\x85\u2028\ufeff\U0001f40b", max_size=12),
    st.sampled_from(
        ["yes", "No", "on", "null", "~", "1.2.0", "0x1", "1e3", "2026-01-01", ".inf", "=", "<<", "- a", "a: b"]
    ),
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def read(text: str) -> object:
    return yaml.safe_load(text)


@given(VALUES)
def test_what_is_written_is_read_back(value: YamlValue) -> None:
    assert read(document(value)) == value


@given(st.lists(VALUES, max_size=4))
def test_documents_are_read_back_one_by_one(values: list[YamlValue]) -> None:
    assert list(yaml.safe_load_all(documents(values))) == values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([{"name": "a b", "on": True, "n": 7}], '- name: a b\n  "on": true\n  "n": 7\n'),
        ({"query": "SELECT 1\nFROM t;\n"}, "query: |\n  SELECT 1\n  FROM t;\n"),
        ({"query": "SELECT 1\n\nFROM t;"}, "query: |-\n  SELECT 1\n\n  FROM t;\n"),
        ({"a": {"b": ["x", "1.2.3"]}}, 'a:\n  b:\n    - x\n    - "1.2.3"\n'),
        ({"a": [], "b": {}, "c": ""}, 'a: []\nb: {}\nc: ""\n'),
        ([["a", "b"], "c"], "- - a\n  - b\n- c\n"),
        ({"a": "yes", "b": "x: y", "c": "x #y"}, 'a: "yes"\nb: "x: y"\nc: "x #y"\n'),
        ({"a": " x\ny"}, 'a: " x\\ny"\n'),
    ],
)
def test_it_looks_as_people_write_it(value: YamlValue, text: str) -> None:
    assert document(value) == text
