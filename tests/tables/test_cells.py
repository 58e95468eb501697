from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.plugin.row import ROWID
from auditrules.tables.cells import Cells, comma_list, finished, text

COLUMNS = ("source", "line", "text")
NOT_UTF_8 = b"\xff\x80".decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", ""),
        (0, "0"),
        (-1, "-1"),
        (4294967295, "4294967295"),
        ("None", "None"),
        ("/usr/bin/dockerd", "/usr/bin/dockerd"),
        ("two words", "two words"),
        ("ключ", "ключ"),
        ("a\tb", "a\\x09b"),
        ("a\rb\n", "a\\x0db\\x0a"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x7f", "\\x7f"),
        ("\x00", "\\x00"),
        ("\x9b31m", "\\xc2\\x9b31m"),
        ("\u202egpj", "\\xe2\\x80\\xaegpj"),
        (NOT_UTF_8, "\\xff\\x80"),
    ],
)
def test_a_value_as_a_cell(value: str | int | None, cell: str) -> None:
    assert text(value) == cell


@pytest.mark.parametrize(
    ("elements", "cell"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a,b"),
        (["a,b", "c"], "a\\x2cb,c"),
        (["a\nb", NOT_UTF_8], "a\\x0ab,\\xff\\x80"),
    ],
)
def test_elements_as_a_comma_list(elements: list[str], cell: str) -> None:
    assert comma_list(elements) == cell


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_comma_list_has_as_many_parts_as_elements(elements: list[str]) -> None:
    assert len(comma_list(elements).split(",")) == len(elements)


@given(st.binary())
def test_any_bytes_become_printable_text(raw: bytes) -> None:
    assert text(raw.decode("utf-8", "surrogateescape")).isprintable()


def row(source: str, line: int | None, words: str) -> Cells:
    return {"source": source, "line": line, "text": words}


def rowids(*rows: Cells, identity: tuple[str, ...] = ("source", "text")) -> list[str]:
    return [each[ROWID] for each in finished(COLUMNS, rows, identity)]


def test_a_finished_row_is_complete() -> None:
    assert finished(COLUMNS, [{"line": 3}], ("source",)) == [
        {"source": "", "line": "3", "text": "", ROWID: rowids({"line": 3}, identity=("source",))[0]}
    ]


def test_rowids_are_the_same_in_every_process() -> None:
    assert rowids(row("kernel", None, "-w /x -p r"), row("kernel", None, "-w /x -p r")) == [
        "8241077675290613675",
        "7132048607167340476",
    ]


def test_a_rowid_hangs_on_its_identity_alone() -> None:
    assert rowids(row("kernel", 1, "a"), row("kernel", 2, "b")) == [
        *rowids(row("kernel", 9, "a")),
        *rowids(row("kernel", 8, "b")),
    ]


def test_rows_of_equal_identity_have_different_rowids() -> None:
    assert len(set(rowids(*[row("kernel", None, "a")] * 100))) == 100


@given(st.lists(st.tuples(st.text(), st.text())))
def test_rowids_are_distinct_and_fit_a_signed_64_bit_number(pairs: list[tuple[str, str]]) -> None:
    ids = [int(each) for each in rowids(*(row(source, None, words) for source, words in pairs))]
    assert len(set(ids)) == len(ids)
    assert all(0 <= each < 2**63 for each in ids)
