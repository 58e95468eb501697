"""Results as text: each form's whole output, and that nothing of a value reaches a terminal raw."""

from __future__ import annotations

import csv
import doctest
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules import present as module
from auditrules import text
from auditrules.present import Format, present, shortened, verdicts
from auditrules.sql.result import QueryResult, Value
from auditrules.text import visible

HOSTILE = "\x00\x07\x1b[31m\r\x7f\x9b\u202e\u2066\u2028\udcff"
SHOWN = r"\x00\x07\x1b[31m\x0d\x7f\x9b\u202e\u2066\u2028\xff"

PLAIN = QueryResult(
    ("path", "line", "keys"),
    (("/usr/bin/dockerd", 3, "docker"), ("/etc/docker", 12, None), ("a\nb", -1, "a,b")),
)

TABLE = """\
path              line  keys
----------------  ----  ------
/usr/bin/dockerd     3  docker
/etc/docker         12
a\\x0ab              -1  a,b
"""
JSON = """\
[
  {"path": "/usr/bin/dockerd", "line": 3, "keys": "docker"},
  {"path": "/etc/docker", "line": 12, "keys": null},
  {"path": "a\\nb", "line": -1, "keys": "a,b"}
]
"""
CSV = 'path,line,keys\r\n/usr/bin/dockerd,3,docker\r\n/etc/docker,12,\r\n"a\nb",-1,"a,b"\r\n'
LINE = """\
path = /usr/bin/dockerd
line = 3
keys = docker

path = /etc/docker
line = 12
keys =\x20

path = a\\x0ab
line = -1
keys = a,b
"""

FORMS = ((Format.TABLE, TABLE), (Format.JSON, JSON), (Format.CSV, CSV), (Format.LINE, LINE))


@pytest.mark.parametrize(("form", "text"), FORMS)
def test_a_form_is_written_so(form: Format, text: str) -> None:
    assert present(PLAIN, form) == text


EMPTY = ((Format.TABLE, "a  bb\n-  --\n"), (Format.JSON, "[]\n"), (Format.CSV, "a,bb\r\n"), (Format.LINE, ""))


@pytest.mark.parametrize(("form", "text"), EMPTY)
def test_a_result_without_rows_is_written_so(form: Format, text: str) -> None:
    assert present(QueryResult(("a", "bb"), ()), form) == text


def test_line_names_end_at_the_same_place() -> None:
    assert present(QueryResult(("a", "bcd"), ((1, 2),)), Format.LINE) == "  a = 1\nbcd = 2\n"


def test_wide_and_combining_characters_keep_columns_aligned() -> None:
    rows = (("漢字", "x"), ("e\u0301", "x"), ("abcd", "x"))
    assert present(QueryResult(("a", "b"), rows), Format.TABLE) == (
        "a     b\n----  -\n漢字  x\ne\u0301     x\nabcd  x\n"
    )


@pytest.mark.parametrize("form", [Format.TABLE, Format.LINE, Format.CSV])
def test_what_is_not_printable_is_escaped(form: Format) -> None:
    assert SHOWN in present(QueryResult(("a",), ((HOSTILE,),)), form)


@pytest.mark.parametrize("form", [Format.TABLE, Format.LINE, Format.CSV])
def test_a_column_name_is_escaped_too(form: Format) -> None:
    assert SHOWN in present(QueryResult((HOSTILE,), (("",),)), form)


def test_verdicts_escape_what_is_not_printable() -> None:
    columns = ("benchmark", "version", "control", "title", "status", "reason", HOSTILE)
    assert (
        verdicts(QueryResult(columns, ((HOSTILE, HOSTILE, HOSTILE, HOSTILE, "fail", HOSTILE, "x"),))).count(SHOWN) == 6
    )


@given(st.text(), st.sampled_from(Format))
def test_nothing_but_line_ends_and_tabs_is_sent_unprintable(text: str, form: Format) -> None:
    page = present(QueryResult(("a",), ((text,),)), form)
    assert all(character.isprintable() or character in "\r\n\t" for character in page)


@given(st.text(), st.sampled_from([Format.TABLE, Format.LINE]))
def test_a_value_stays_on_its_line(text: str, form: Format) -> None:
    lines = {Format.TABLE: 3, Format.LINE: 1}
    assert len(present(QueryResult(("a",), ((text,),)), form).splitlines()) == lines[form]


@given(st.lists(st.tuples(st.text(), st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))))
def test_json_gives_the_values_back(rows: list[tuple[str, float | None]]) -> None:
    page = present(QueryResult(("text", "number"), tuple(rows)), Format.JSON)
    assert [(row["text"], row["number"]) for row in json.loads(page)] == rows


def test_json_is_plain_ascii_without_controls() -> None:
    assert present(QueryResult(("a",), ((HOSTILE,),)), Format.JSON) == (
        '[\n  {"a": "\\u0000\\u0007\\u001b[31m\\r\\u007f\\u009b\\u202e\\u2066\\u2028\\udcff"}\n]\n'
    )


def test_json_tells_columns_of_one_name_apart() -> None:
    page = present(QueryResult(("a", "a", "a:1", "a"), ((1, 2, 3, 4),)), Format.JSON)
    assert json.loads(page) == [{"a": 1, "a:1": 2, "a:1:1": 3, "a:2": 4}]


ODD: tuple[tuple[Value, object], ...] = (
    (b"\x00\xff", "x'00ff'"),
    (float("inf"), "inf"),
    (float("-inf"), "-inf"),
    (1.5, 1.5),
    (2**63 - 1, 2**63 - 1),
    (None, None),
)


@pytest.mark.parametrize(("value", "expected"), ODD)
def test_json_has_a_value_for_each_of_sqlites(value: Value, expected: object) -> None:
    assert json.loads(present(QueryResult(("a",), ((value,),)), Format.JSON)) == [{"a": expected}]


FORMULAS = (
    ("=cmd()", "'=cmd()"),
    ("+1", "'+1"),
    ("-a always,exit", "'-a always,exit"),
    ("@x", "'@x"),
    ("\tx", "'\tx"),
    ("\rx", "'\\x0dx"),
    ("\n=x", "'\n=x"),
    ("a=b", "a=b"),
    ("", ""),
    (-1, "-1"),
    (-1.5, "-1.5"),
)


@pytest.mark.parametrize(("value", "cell"), FORMULAS)
def test_csv_starts_no_formula_with_text(value: Value, cell: str) -> None:
    page = present(QueryResult(("a", "b"), ((value, 1),)), Format.CSV)
    assert list(csv.reader(io.StringIO(page, newline="")))[1] == [cell, "1"]


def test_csv_doubles_quotes() -> None:
    assert present(QueryResult(("a",), (('say "x"',),)), Format.CSV) == 'a\r\n"say ""x"""\r\n'


VISIBLE = (
    ("plain é 漢", "plain é 漢"),
    ("\t", "\\x09"),
    ("\u00ad", "\\xad"),
    ("\u200b", "\\u200b"),
    ("\U000e0001", "\\U000e0001"),
    ("\ud800", "\\ud800"),
    ("\udc80\udcff", "\\x80\\xff"),
)


@pytest.mark.parametrize(("text", "shown"), VISIBLE)
def test_visible_escapes_by_the_kind_of_character(text: str, shown: str) -> None:
    assert visible(text) == shown


COLUMNS = ("benchmark", "version", "control", "title", "level", "target", "status", "reason", "evidence", "remediation")
HEAD = ("CIS Docker Benchmark", "1.2.0")


def test_verdicts_read_as_paragraphs_and_a_count() -> None:
    rows = (
        (*HEAD, "1.2.3", "Audit dockerd", "1", "/usr/bin/dockerd", "fail", "no_rule", "one\n  two", "Put a line."),
        (*HEAD, "1.2.4", "Audit /run", "", "/run", "not_applicable", "", None, ""),
    )
    assert verdicts(QueryResult(COLUMNS, rows)) == (
        "FAIL  CIS Docker Benchmark 1.2.0  1.2.3  Audit dockerd\n"
        "      level        1\n"
        "      target       /usr/bin/dockerd\n"
        "      reason       no_rule\n"
        "      evidence     one\n"
        "                     two\n"
        "      remediation  Put a line.\n"
        "\n"
        "NOT APPLICABLE  CIS Docker Benchmark 1.2.0  1.2.4  Audit /run\n"
        "      target  /run\n"
        "\n"
        "1 fail, 0 unknown, 0 pass, 1 not applicable\n"
    )


def test_a_value_cannot_look_like_another_verdict() -> None:
    row = (*HEAD, "1.2.3", "t\nPASS  x", "1", "x", "fail", "y\nPASS  CIS Docker Benchmark 1.2.0", "", "")
    page = verdicts(QueryResult(COLUMNS, (row,)))
    assert [line for line in page.splitlines() if line.startswith("PASS")] == []


def test_the_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(module) == (0, 2)
    assert doctest.testmod(text) == (0, 5)


@pytest.mark.parametrize(("whole", "cut"), [("x" * 20, "x" * 20), ("x" * 21, f"{'x' * 19}…")])
def test_a_text_that_fits_the_narrowest_column_has_no_ellipsis(whole: str, cut: str) -> None:
    assert shortened(whole, 5) == cut
