"""Makes untrusted text safe for terminals, pages and spreadsheets, and writes numbers with nouns. Pure."""

from __future__ import annotations

_LAST_BYTE = 0xFF
_LAST_BMP = 0xFFFF
_ESCAPED_BYTES = range(0xDC80, 0xDD00)  # surrogateescape: a byte that is not UTF-8
# The first characters of formulas, also in the wide forms, which a Japanese spreadsheet accepts.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_LINE_ENDS = ("\t", "\r", "\n")


def visible(text: str, kept: str = "") -> str:
    r"""Replace each character that is not printable with an escape: `\xNN` for bytes, `\uNNNN` beyond.

    Characters in `kept` stay as they are.

    >>> visible("a\tb\x1b[1m \u202e \udcff")
    'a\\x09b\\x1b[1m \\u202e \\xff'
    >>> visible("a\tb", kept="\t")
    'a\tb'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in kept else _escape(char) for char in text)


def spreadsheet_cell(text: str, kept: str = "") -> str:
    """Make text visible, and put a quote before text that a spreadsheet would run as a formula, even after spaces.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell(" \uff1d1+1"), spreadsheet_cell("1=1")
    ("'=1+1", "' \uff1d1+1", '1=1')
    """
    shown = visible(text, kept)
    return f"'{shown}" if text.lstrip().startswith(_FORMULA) or text.startswith(_LINE_ENDS) else shown


def shortened(text: str, most: int = 500) -> str:
    """Cut a text to at most this many characters, with a sign where it was cut. For lines that quote any text.

    >>> shortened("abcd", 4), shortened("abcde", 4)
    ('abcd', 'abcd…')
    """
    return text if len(text) <= most else f"{text[:most]}…"


def counted(count: int, one: str, many: str = "") -> str:
    """Write a number with its noun: `one` for 1, else `many`, which is `one` with an s by default.

    >>> counted(1, "line"), counted(0, "line"), counted(2, "line is", "lines are")
    ('1 line', '0 lines', '2 lines are')
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def _escape(char: str) -> str:
    code = ord(char)
    if code in _ESCAPED_BYTES:
        return f"\\x{code - 0xDC00:02x}"
    if code <= _LAST_BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _LAST_BMP else f"\\U{code:08x}"
