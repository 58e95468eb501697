"""Texts that somebody, somewhere, takes for more than text."""

from __future__ import annotations

from tests.report.present.sample import HOSTILE

TEXTS = (
    *HOSTILE,
    "\udc80\udcff",  # bytes that are no UTF-8, as Python keeps them
    "\ud83d",  # half a character
    "\ufffe\uffff",  # no characters of XML
    "\u2066a\u2069\u200f",
    "one\r\ntwo,three\nfour",
    "\u2028\u0085",
    "\t=1+1",
    " =1+1",
    "\uff1d1+1",
    "@SUM(A1)",
    "-2+3",
    "+2",
    '","',
    "]]>&amp;<![CDATA[",
    "[red]a[/red]",
    "![a](http://example.net/a.png)",
    "{{ insert: param, a }}",
    " ",
    "",
    "caf\u00e9 \u65e5\u672c",
    "a" * 5000,
)


def short(text: str) -> str:
    """Name a case by its text."""
    return ascii(text[:20])
