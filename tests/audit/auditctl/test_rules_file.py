"""Files into lines, lines into words, as auditctl -R does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.auditctl.rules_file import LINE_BYTES, Word, lines, may_lose_words, split
from auditrules.audit.model.host_facts import Version
from auditrules.audit.model.text import decode, encode

THIRD: Version = (3, 0, 9)
FOURTH: Version = (4, 2, 1)


def texts(line: str, version: Version = FOURTH) -> list[str]:
    return [word.text for word in split(line, version)]


LONG = b"x" * LINE_BYTES
FILES: list[tuple[str, bytes, list[tuple[int, str]]]] = [
    ("nothing", b"", []),
    ("a final newline is no line of its own", b"a\n", [(1, "a")]),
    ("a missing final newline loses nothing", b"a\nb", [(1, "a"), (2, "b")]),
    ("empty lines count", b"\n\na\n", [(1, ""), (2, ""), (3, "a")]),
    ("CR stays", b"a\r\n\r\n", [(1, "a\r"), (2, "\r")]),
    ("other line ends are data", "a\x0bb\x0cc\x85d\u2028e".encode(), [(1, "a\x0bb\x0cc\x85d\u2028e")]),
    ("NUL ends the line", b"a\0b\nc\n", [(1, "a"), (2, "c")]),
    ("a lone NUL is an empty line", b"\0\nc", [(1, ""), (2, "c")]),
    ("NUL does not hide the newline", b"a\0\0\nb\0", [(1, "a"), (2, "b")]),
    ("a BOM is data", b"\xef\xbb\xbf# c\n", [(1, "\ufeff# c")]),
    ("not UTF-8", b"caf\xe9\n", [(1, "caf\udce9")]),
    ("6143 bytes are one line", LONG + b"\nb", [(1, "x" * 6143), (2, ""), (3, "b")]),
    ("the newline is one of the bytes", b"x" * 6142 + b"\nb", [(1, "x" * 6142), (2, "b")]),
    ("the rest of a long line is the next line", LONG + b"-w /x\nb", [(1, "x" * 6143), (2, "-w /x"), (3, "b")]),
    ("the rest of a comment is a rule", b"#" * 6143 + b"-D\n", [(1, "#" * 6143), (2, "-D")]),
    ("pieces count as lines", LONG * 2 + b"y\nb", [(1, "x" * 6143), (2, "x" * 6143), (3, "y"), (4, "b")]),
    ("a character is cut in two", b"x" * 6142 + "é\n".encode(), [(1, "x" * 6142 + "\udcc3"), (2, "\udca9")]),
    ("NUL hides the rest of its piece only", b"a\0" + LONG + b"\n", [(1, "a"), (2, "xx")]),
]


@pytest.mark.parametrize(("content", "found"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_file_is_lines(content: bytes, found: list[tuple[int, str]]) -> None:
    assert list(lines(content)) == found


WORDS: list[tuple[str, str, list[str]]] = [
    ("spaces separate", "-w /x  -p   wa", ["-w", "/x", "-p", "wa"]),
    ("spaces around are nothing", "  -w /x  ", ["-w", "/x"]),
    ("nothing but spaces", "    ", []),
    ("nothing at all", "", []),
    ("a comment", "# -w /x", []),
    ("a comment without a space", "#-w /x", []),
    ("a comment after spaces", "   # x", []),
    ("a comment after a tab is none", "\t# x", ["\t#", "x"]),
    ("no comment behind a rule", "-w /x # c", ["-w", "/x", "#", "c"]),
    ("a hash in a word", "-k d#c", ["-k", "d#c"]),
    ("tabs are data", "-w\t/x -k\ta", ["-w\t/x", "-k\ta"]),
    ("a line of a tab is a word", "\t", ["\t"]),
    ("CR is data", "-k d\r", ["-k", "d\r"]),
    ("CR alone is a word", "\r", ["\r"]),
    ("a no-break space is data", "-w /x\u00a0y", ["-w", "/x\u00a0y"]),
    ("double quotes are data", '-k "a b"', ["-k", '"a', 'b"']),
    ("single quotes are data", "-k 'a'", ["-k", "'a'"]),
    ("an escaped space", r"-w /a\ b", ["-w", "/a b"]),
    ("an escaped backslash", r"-w /a\\b", ["-w", "/a\\b"]),
    ("an escaped backslash, then the end of the word", r"-w /a\\ b", ["-w", "/a\\", "b"]),
    ("an escaped backslash and an escaped space", r"-w /a\\\ b", ["-w", "/a\\ b"]),
    ("any other backslash is data", r"-w /a\b\"\n", ["-w", r"/a\b\"\n"]),
    ("a backslash at the end", "-w /a\\", ["-w", "/a\\"]),
    ("a backslash before two spaces", "-k \\  b", ["-k", " ", "b"]),
    ("no line is continued", "-w /a \\", ["-w", "/a", "\\"]),
    ("the first word keeps its escapes as markers", r"\ x a\ b", ["\x07\x07x", "a b"]),
    ("the first word keeps its backslashes as markers", r"-w/a\\b", ["-w/a\x04\x04b"]),
    ("an escaped hash is no comment", r"\# x", [r"\#", "x"]),
    ("a bell is an escaped space and eats a byte", "-w /etc/\x07x", ["-w", "/etc/ "]),
    ("an end of transmission is a backslash and eats a byte", "-w /etc/\x04x", ["-w", "/etc/\\"]),
    ("the byte eaten may be half a character", "-k a\x07éb", ["-k", "a \udca9b"]),
    ("a bell at the end eats nothing", "-k a\x07", ["-k", "a "]),
    ("a bell in the first word is left alone", "\x07x y", ["\x07x", "y"]),
]


@pytest.mark.parametrize(("line", "found"), [case[1:] for case in WORDS], ids=[case[0] for case in WORDS])
def test_a_line_is_words(line: str, found: list[str]) -> None:
    assert texts(line) == found


# strlen/3+3 places, less one for the program's name and one for the end.
@pytest.mark.parametrize(
    ("line", "third", "fourth"),
    [
        ("-w / -p x -k K", 5, 6),
        ("-w / -p x -k KEY", 6, 6),
        ("a b c d e f", 4, 6),
        ("a  b  c  d  ", 4, 4),
        ("a", 1, 1),
        ("a b", 2, 2),
        ("   a b c d", 4, 4),
        ("é b c d", 3, 4),
    ],
)
def test_short_words_beyond_a_third_of_the_line_are_dropped_before_4_2(line: str, third: int, fourth: int) -> None:
    assert len(texts(line, THIRD)) == third
    assert len(texts(line, (4, 1, 2))) == third
    assert len(texts(line, (4, 2, 0))) == fourth


@pytest.mark.parametrize(("line", "start", "end"), [("  -k x", 5, 6), (r"-k a\ b", 3, 7), ("-k é", 3, 4)])
def test_a_word_knows_its_place_in_the_line(line: str, start: int, end: int) -> None:
    word = split(line, FOURTH)[-1]
    assert (word.start, word.end) == (start, end)


def test_a_word_without_escapes_is_the_text_at_its_place() -> None:
    line = "  -w   /etc/docker -p wa"
    assert [line[word.start : word.end] for word in split(line, THIRD)] == ["-w", "/etc/docker", "-p", "wa"]
    assert split("-D", THIRD) == [Word("-D", 0, 2)]


@pytest.mark.parametrize("raw", [b"", b"plain", "é".encode(), b"\xff\xfe", b"\xc3", b"\xed\xb3\xa9", bytes(range(256))])
def test_any_bytes_come_back_from_text(raw: bytes) -> None:
    assert encode(decode(raw)) == raw


@given(st.text("a -#\\\u00e9", max_size=20))
def test_no_word_is_lost_where_none_may_be(line: str) -> None:
    assert may_lose_words(line) or split(line, THIRD) == split(line, FOURTH)
