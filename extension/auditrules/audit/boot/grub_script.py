"""Parses GRUB's script language (grub.cfg) into commands, conditions and menu entries. Pure.

From GRUB's manual, "Writing full configuration files directly". `grub_menu` executes the commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditrules.values import dataclass

MOST_DEPTH = 20  # blocks in blocks; grub-mkconfig makes three

# A variable in a word stands between two of these, which no text of a file holds.
_MARK = "\0"
VARIABLE = re.compile(f"{_MARK}([^{_MARK}]*){_MARK}")

_END = ";"  # of a command; as a token, never quoted
_TOKEN = re.compile(
    r"""(?P<space> (?: [ \t\r] | \\\n )+)
      | (?P<comment> \#[^\n]*)
      | (?P<end> [;\n] | && | \|\|)
      | (?P<word> (?: [^\s;\\'"&|] | \\. | '[^']*' | "(?:[^"\\]|\\.)*" )+)
      | (?P<other> .)""",
    re.DOTALL | re.VERBOSE,
)
_PART = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<plain>[^'"\\]+)""", re.DOTALL
)
_NAME = r"\$(?:\{(?P<braced>[^}]*)\}|(?P<name>[A-Za-z_][A-Za-z0-9_]*|[?@*#0-9]))"
_IN_PLAIN = re.compile(_NAME)
_IN_DOUBLE = re.compile(_NAME + r"|\\(?P<escaped>[\\$\"\n])")


class ScriptError(ValueError):
    """A script that does not close a block, or closes one that is not open."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command as words, in which VARIABLE matches each variable."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """An `if`: each condition with its block. The first condition that holds decides; an empty one always holds.

    A loop is a Choice as well: its block may run or not.
    """

    branches: tuple[tuple[Block, Block], ...]


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A `menuentry` or `submenu`: its words without the command's name, and its block."""

    words: tuple[str, ...]
    body: Block
    submenu: bool = False


Statement = Command | Choice | MenuEntry
Block = tuple[Statement, ...]


def with_variables(text: str) -> str:
    """Mark each `$name` in a text outside of a script as a variable."""
    return _IN_PLAIN.sub(_variable, text.replace(_MARK, ""))


def parse_script(text: str) -> Block:
    """Parse a script.

    Raises:
        ScriptError: a block is not closed, or not opened.
    """
    reader = _Reader(_tokens(text.replace(_MARK, "")))
    block = reader.block(frozenset(), 0)
    if reader.next is not None:
        raise ScriptError(f"expected a command, found {reader.next!r}")
    return block


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """The words, each with whether it is unquoted and so may be a keyword."""
    for match in _TOKEN.finditer(text):
        if match["end"] is not None:
            yield _END, True
        elif match["word"] is not None:
            word = match["word"]
            yield "".join(map(_text, _PART.finditer(word))), not set(word) & set("'\"\\$")


def _text(part: re.Match[str]) -> str:
    if part["single"] is not None:
        return part["single"]
    if part["double"] is not None:
        return _IN_DOUBLE.sub(_variable, part["double"])
    if part["escaped"] is not None:
        return part["escaped"].strip("\n")
    return _IN_PLAIN.sub(_variable, part["plain"])


def _variable(match: re.Match[str]) -> str:
    escaped = match.groupdict().get("escaped")
    if escaped is not None:
        return escaped.strip("\n")
    return f"{_MARK}{match['braced'] if match['braced'] is not None else match['name']}{_MARK}"


class _Reader:
    """Takes tokens one by one. `next` is the coming word if it is unquoted; None if it is quoted, or at the end."""

    def __init__(self, tokens: Iterator[tuple[str, bool]]) -> None:
        self._tokens = list(tokens)[::-1]

    @property
    def next(self) -> str | None:
        return self._tokens[-1][0] if self._tokens and self._tokens[-1][1] else None

    def _take(self) -> str:
        if not self._tokens:
            raise ScriptError("expected the end of a block, found the end of the file")
        return self._tokens.pop()[0]

    def block(self, ends: frozenset[str], depth: int) -> Block:
        """The statements before one of the words in `ends`, or before the end of the file if `ends` is empty."""
        if depth > MOST_DEPTH:
            raise ScriptError(f"expected at most {MOST_DEPTH} blocks in blocks")
        found: list[Statement] = []
        while self._tokens and self.next not in ends:
            if self.next == _END:
                self._take()
            elif self.next == "if":
                found.append(self._if(depth))
            elif self.next in ("while", "until", "for"):
                self._take()
                over = self.block(frozenset({"do"}), depth + 1)
                found.append(Choice(((over, self._after("do", frozenset({"done"}), depth)),)))
                self._take()
            else:
                found += self._command(depth)
        return tuple(found)

    def _after(self, word: str, ends: frozenset[str], depth: int) -> Block:
        """The block that begins with a keyword."""
        if self._take() != word:
            raise ScriptError(f"expected {word}")
        return self.block(ends, depth + 1)

    def _if(self, depth: int) -> Choice:
        branches: list[tuple[Block, Block]] = []
        ends = frozenset({"elif", "else", "fi"})
        while self._take() in ("if", "elif"):
            condition = self.block(frozenset({"then"}), depth + 1)
            branches.append((condition, self._after("then", ends, depth)))
            if self.next == "else":
                self._take()
                branches.append(((), self.block(frozenset({"fi"}), depth + 1)))
        return Choice(tuple(branches))

    def _command(self, depth: int) -> Iterator[Statement]:
        """One command or menu entry. Functions are left out, and so are calls of them."""
        words: list[str] = []
        while self._tokens and self.next not in (_END, "{", "}"):
            words.append(self._take())
        if self.next != "{":
            if self.next == "}" and not words:
                raise ScriptError("expected a command, found '}'")
            yield Command(tuple(words))
            return
        body = self._after("{", frozenset({"}"}), depth)
        if self._take() != "}":
            raise ScriptError("expected }")
        if words[:1] in (["menuentry"], ["submenu"]):
            yield MenuEntry(tuple(words[1:]), body, submenu=words[0] == "submenu")
