from __future__ import annotations

import pytest

from auditrules.audit.boot.auditd_conf import read_conf
from auditrules.audit.model.collected import File
from auditrules.plugin.row import ROWID
from auditrules.tables.settings import auditd_settings

PATH = "/etc/audit/auditd.conf"


def rows(file: File | None) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in ("name", "value", "line", "error")) for row in auditd_settings(read_conf(file))]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("max_log_file = 8", ("max_log_file", "8", "1", "")),
        ("  space_left   =  75  ", ("space_left", "75", "1", "")),
        ("name = a=b", ("name", "a=b", "1", "")),
        ("space_left_action = exec /opt/full", ("space_left_action", "exec /opt/full", "1", "")),
        ("Disk_Full_Action = EXEC /opt/full", ("Disk_Full_Action", "EXEC /opt/full", "1", "")),
        # auditd 3.0.9 takes both: the second by ausearch, which reads the file alike, the first by its source.
        ("disk_full_action = exec /a b", ("disk_full_action", "exec /a b", "1", "")),
        ("disk_full_action = halt /a", ("disk_full_action", "halt /a", "1", "")),
        ("max_log_file_action = exec /a", ("max_log_file_action", "exec /a", "1", "expected one word after the sign")),
        ("flush =", ("flush", "", "1", "expected a value after the sign")),
        ("flush = a b", ("flush", "a b", "1", "expected one word after the sign")),
        ("flush=none", ("", "flush=none", "1", "expected NAME = VALUE with a space on either side of the sign")),
        ("flush", ("", "flush", "1", "expected NAME = VALUE with a space on either side of the sign")),
        ("name = \x1b[2J", ("name", "\\x1b[2J", "1", "")),
    ],
)
def test_a_line_of_the_file(line: str, row: tuple[str, ...]) -> None:
    assert rows(File(PATH, line.encode())) == [row]


def test_bytes_that_are_not_utf_8_are_escaped() -> None:
    assert rows(File(PATH, b"name = \xff")) == [("name", "\\xff", "1", "")]


def test_blank_lines_and_comments_count_and_give_no_row() -> None:
    assert rows(File(PATH, b"# c\n\n   \nname = x\n")) == [("name", "x", "4", "")]


def test_a_setting_that_is_there_twice_is_two_rows() -> None:
    assert rows(File(PATH, b"flush = a\nflush = a\n")) == [("flush", "a", "1", ""), ("flush", "a", "2", "")]


def test_no_file_is_no_row() -> None:
    assert rows(None) == []


def test_an_empty_file_is_no_row() -> None:
    assert rows(File(PATH, b"")) == []


def test_a_file_that_cannot_be_read_is_a_row_with_its_error() -> None:
    file = File(PATH, error="Permission denied")
    (row,) = auditd_settings(read_conf(file))
    assert {name: value for name, value in row.items() if value and name != ROWID} == {
        "source_path": PATH,
        "error": "Permission denied",
    }


def test_every_row_names_the_file() -> None:
    settings = auditd_settings(read_conf(File(PATH, b"a = b\nbroken\n")))
    assert [row["source_path"] for row in settings] == [PATH, PATH]
