"""Errors: a line that is no valid rule, and a message of the kernel that is not complete."""

from __future__ import annotations

from auditrules.audit.model.rule import ControlFlag

_MOST_FOUND = 300  # characters of a word that are quoted
# Characters that documents and word processors put in place of a hyphen or quote, with the advice for them.
_TYPESET = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "write the hyphen, -"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u00ab\u00bb", "write no quotes"),
}
_ESCAPED_BYTES = range(0xDC80, 0xDD00)  # as `decode` has them: bytes that are not UTF-8


class RuleSyntaxError(ValueError):
    """A line that is neither a rule nor a control. `str()` shows the line, with carets under the wrong place."""

    def __init__(self, expected: str, line: str, span: tuple[int, int], done: tuple[ControlFlag, ...] = ()) -> None:
        super().__init__(expected, line, span)
        self.expected = expected
        self.line = line
        self.span = span
        self.done = done  # controls before the error; they took effect, as auditctl executes flags one by one

    def __eq__(self, other: object) -> bool:
        """Two errors are equal if they have the same message for the same line."""
        return isinstance(other, RuleSyntaxError) and (self.args, self.done) == (other.args, other.done)

    def __hash__(self) -> int:
        """A hash of the message."""
        return hash(self.args)

    @property
    def summary(self) -> str:
        """The error in one line: what was expected, and what was found."""
        start, end = self.span
        found = self.line[start:end]
        if not found:
            return f"expected {self.expected}"
        quoted = _quoted(found if len(found) <= _MOST_FOUND else f"{found[:_MOST_FOUND]}…")
        return f"expected {self.expected}, found {quoted}{_typeset(found, self.line)}"

    def __str__(self) -> str:
        """What was expected, the line, and carets under the wrong place."""
        start, end = self.span
        shown = "".join(char if char.isprintable() else "·" for char in self.line)
        marker = " " * start + "^" * max(end - start, 1)
        return f"expected {self.expected}\n    {shown}\n    {marker}"


def _typeset(found: str, line: str) -> str:
    """Advice for a typographic dash or quote in the found text, or at the start of a word of the line; else empty."""
    starts = "".join(word[0] for word in line.split())
    char = next((each for each in found + starts if each in _TYPESET), None)
    return f" ({char} is U+{ord(char):04X}, as documents have it: {_TYPESET[char]})" if char else ""


def _quoted(text: str) -> str:
    r"""A text in quotes, with each byte that is not UTF-8 as `\xNN`."""
    if not any(ord(char) in _ESCAPED_BYTES for char in text):
        return repr(text)
    shown = (f"\\x{ord(char) - 0xDC00:02x}" if ord(char) in _ESCAPED_BYTES else repr(char)[1:-1] for char in text)
    return f"'{''.join(shown)}'"


class NetlinkError(ValueError):
    """A reply of the kernel that is incomplete or not understood; the message says what was expected."""
