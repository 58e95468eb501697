r"""Splits rules files into lines and words, as `auditctl -R` does (auditctl.c: get_line, preprocess, strsplit).

Only LF ends a line and only SPACE separates words: tabs, CR and quotes are data. `\ ` is a space and `\\` a backslash
inside a word, but not in the first one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from typing import NamedTuple

from auditrules.audit.constants import versions
from auditrules.audit.model.host_facts import Version
from auditrules.audit.model.text import decode, encode

LINE_BYTES = 6143  # fgets with LINE_SIZE 6144: what is longer is read as a further line

_WORD = re.compile(r"(?:[^ \\]|\\.?)+", re.DOTALL)
_ESCAPE_OR_MARKER = re.compile(r"[\\\x07\x04]")
_ESCAPED_SPACE = b"\x07"
_ESCAPED_BACKSLASH = b"\x04"


class Word(NamedTuple):
    """A word and its place in the line, in characters."""

    text: str
    start: int
    end: int

    def part(self, start: int, end: int) -> Word:
        """The characters of the word from one place to another; the whole word if it was written with escapes."""
        if self.end - self.start != len(self.text):
            return self
        return Word(self.text[start:end], self.start + start, self.start + end)

    def parts(self, separator: str) -> Iterator[Word]:
        """The parts of the word between separators."""
        escaped = self.end - self.start != len(self.text)
        start = self.start
        for text in self.text.split(separator):
            yield Word(text, self.start, self.end) if escaped else Word(text, start, start + len(text))
            start += len(text) + len(separator)


def lines(content: bytes) -> Iterator[tuple[int, str]]:
    """The lines of a rules file with auditctl's numbers: an overlong line counts as several."""
    for number, piece in enumerate(chain.from_iterable(map(_pieces, BytesIO(content))), start=1):
        yield number, decode(piece.removesuffix(b"\n").partition(b"\0")[0])


def _pieces(line: bytes) -> list[bytes]:
    if len(line) <= LINE_BYTES:
        return [line]
    return [line[start : start + LINE_BYTES] for start in range(0, len(line), LINE_BYTES)]


def split(line: str, version: Version) -> list[Word]:
    """The words of a line; none for a blank one or a comment."""
    if _ESCAPE_OR_MARKER.search(line) is None:
        return _plain(line, version)
    spans = [match.span() for match in _WORD.finditer(line)]
    if not spans or line[spans[0][0]] == "#":
        return []
    if version < versions.WORDS_NOT_LOST:
        del spans[_kept(line) :]
    first, *others = spans
    return [
        Word(_marked(line[slice(*first)]), *first),
        *(Word(_unescaped(line[slice(*span)]), *span) for span in others),
    ]


def _plain(line: str, version: Version) -> list[Word]:
    """As `split`, of a line without escapes and markers, as nearly all are."""
    words = []
    start = 0
    for text in line.split(" "):
        if text:
            words.append(Word(text, start, start + len(text)))
        start += len(text) + 1
    if not words or words[0].text.startswith("#"):
        return []
    if version < versions.WORDS_NOT_LOST:
        del words[_kept(line) :]
    return words


def may_lose_words(line: str) -> bool:
    """Whether a version that loses words may lose some of a line: false for nearly all, and sooner told than split."""
    return line.count(" ") >= len(line) // 3 + 1


def _kept(line: str) -> int:
    """How many words are kept: the vector has strlen/3+3 places, of which the program's name and a NULL take two."""
    return len(encode(line)) // 3 + 1


def _marked(word: str) -> str:
    """The first word as auditctl leaves it: each escape is two marker bytes."""
    if "\\" not in word:
        return word
    return word.replace("\\\\", "\x04\x04").replace("\\ ", "\x07\x07")


def _unescaped(word: str) -> str:
    if "\\" not in word and "\x07" not in word and "\x04" not in word:
        return word
    raw = encode(_marked(word))
    result = bytearray()
    index = 0
    while index < len(raw):
        byte = raw[index : index + 1]
        if byte == _ESCAPED_SPACE:
            result += b" "
            index += 2  # the marker is two bytes; a lone one in the file eats its neighbour all the same
        elif byte == _ESCAPED_BACKSLASH:
            result += b"\\"
            index += 2
        else:
            result += byte
            index += 1
    return decode(bytes(result))
