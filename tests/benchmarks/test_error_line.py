"""The line of a file on which an error stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.benchmarks.error_line import line_of
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.site import site_catalogue

TEXT = """{
 "benchmark": "Example Baseline", "version": "2", "short_name": "example",
 "systems": [],
 "controls": [
  {"control": "A-1", "family": "identity",
   "title": "Account files",
   "requires": [
    {"kind": "path", "path": "/etc/passwd", "permissions": "wa"},
    {"kind": "path", "path": "/etc/group", "permissions": "wa"}
   ]},
  {"control": "A-2", "family": "identity", "title": "Others",
   "requires": [{"kind": "path", "path": "/etc/hosts", "permissions": "wa"}]}
 ]
}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ('"systems": []', '"systems": 3', ":3: systems: "),
        ('"version": "2"', '"version": "2 3"', ":2: version: "),
        ('"/etc/group"', '"etc/group"', ":9, control A-1: path: "),
        ('"title": "Others"', '"title": 7', ":11, control A-2: title: "),
        ('"identity", "title": "Others"', '"identity", "serious": 1, "title": "Others"', ":11, control A-2: serious: "),
        ('   "title": "Account files",\n', "", ":5, control A-1: title: expected a text, found nothing"),
        ('"short_name": "example"', '"short": "example"', ": short_name: expected a text, found nothing"),
        ('"A-2"', '"A-1"', ":5, control A-1: control: expected each number once"),
    ],
)
def test_an_error_names_its_line(right: str, wrong: str, place: str) -> None:
    assert right in TEXT
    (left_out,) = site_catalogue([File("/s.json", TEXT.replace(right, wrong).encode())]).left_out
    assert left_out.error.startswith(f"/s.json{place}")


@given(st.text() | st.just(TEXT), st.sampled_from(["", "A-1", "path"]), st.sampled_from(["", "path", "[", "\\"]))
def test_law_any_text_has_such_a_line_or_none(text: str, control: str, key: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    assert 0 <= line_of(content, BenchmarkError("/s.json", key, "x", "'y'", control)) <= text.count("\n") + 1
