"""auditd.conf line by line."""

from __future__ import annotations

import pytest

from auditrules.audit.boot.auditd_conf import Setting, settings

NO_SIGN = "expected NAME = VALUE with a space on either side of the sign"

LINES: list[tuple[str, bytes, list[Setting]]] = [
    ("a setting", b"log_file = /var/log/audit/audit.log\n", [Setting(1, "log_file", "/var/log/audit/audit.log")]),
    ("no final newline", b"a = 1", [Setting(1, "a", "1")]),
    ("spaces around", b"   a   =   1   \n", [Setting(1, "a", "1")]),
    ("comments and blank lines count", b"# x\n\n  # y\n   \na = 1\n", [Setting(5, "a", "1")]),
    ("the case stays", b"Log_Format = ENRICHED", [Setting(1, "Log_Format", "ENRICHED")]),
    ("the same name twice", b"a = 1\na = 2", [Setting(1, "a", "1"), Setting(2, "a", "2")]),
    ("no spaces around the sign", b"a=1", [Setting(1, "", "a=1", NO_SIGN)]),
    ("a space on one side only", b"a =1", [Setting(1, "", "a =1", NO_SIGN)]),
    ("a name alone", b"a", [Setting(1, "", "a", NO_SIGN)]),
    ("a tab is no space", b"a\t= 1", [Setting(1, "", "a\t= 1", NO_SIGN)]),
    ("no value", b"a =", [Setting(1, "a", "", "expected a value after the sign")]),
    ("two words", b"a = 1 2", [Setting(1, "a", "1 2", "expected one word after the sign")]),
    ("no comment behind a value", b"a = 1 # c", [Setting(1, "a", "1 # c", "expected one word after the sign")]),
    ("CR is data", b"a = 1\r\n", [Setting(1, "a", "1\r")]),
    ("not UTF-8", b"a = caf\xe9", [Setting(1, "a", "caf\udce9")]),
    ("nothing", b"", []),
]


@pytest.mark.parametrize(("content", "found"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
def test_a_line_is_a_setting_or_says_why_not(content: bytes, found: list[Setting]) -> None:
    assert list(settings(content)) == found
