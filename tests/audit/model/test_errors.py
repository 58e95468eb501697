"""The error of a line in one line: what was expected, and what was found."""

from __future__ import annotations

import pytest

from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.text import decode


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (b"", "expected a word"),
        (b"relative", "expected a word, found 'relative'"),
        (b"it's", 'expected a word, found "it\'s"'),
        (b"\xff\xfe-", "expected a word, found '\\xff\\xfe-'"),
        (b"a\x1b[1m", "expected a word, found 'a\\x1b[1m'"),
        ("a\u202eb".encode(), "expected a word, found 'a\\u202eb'"),
    ],
)
def test_what_was_found_is_shown_harmless(found: bytes, told: str) -> None:
    line = decode(found)
    assert RuleSyntaxError("a word", line, (0, len(line))).summary == told
