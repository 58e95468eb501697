"""Splits words into flags and operands, as GNU getopt_long(3) does for auditctl: `-pwa`, `-lsv`, `--backlog 100`.

Other words are left over, as getopt moves them behind the flags; the caller decides what they mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from auditrules.audit.auditctl.rules_file import Word
from auditrules.audit.model.host_facts import Version
from auditrules.values import dataclass, field

# auditctl's option string: a letter with a colon behind it takes an operand.
SHORT = "hicslDvtC:e:f:r:b:a:A:d:S:F:m:R:w:W:k:p:q:"

TAKES_OPERAND = frozenset(letter for letter, after in zip(SHORT, SHORT[1:] + " ", strict=True) if after == ":")
_KNOWN = frozenset(SHORT) - {":"}


@dataclass(frozen=True, slots=True)
class LongOption:
    """A long option, whether it takes an operand, and the first auditctl that has it."""

    name: str
    operand: bool
    since: Version


LONG = (
    LongOption("loginuid-immutable", operand=False, since=(2, 3, 3)),
    LongOption("backlog_wait_time", operand=True, since=(2, 3, 3)),
    LongOption("reset-lost", operand=False, since=(2, 7, 1)),
    LongOption("reset_backlog_wait_time_actual", operand=False, since=(3, 0, 0)),
    LongOption("signal", operand=True, since=(3, 0, 0)),
    LongOption("help", operand=False, since=(4, 1, 1)),
)


class Flag(NamedTuple):
    """One flag with its operand. `flag` is `-w` or `--signal`, or empty if getopt knows no such flag."""

    flag: str
    word: Word  # the flag's word in the line
    operand: Word | None = None
    problem: str = ""  # what was expected, if `flag` is empty

    @property
    def value(self) -> Word:
        """The operand of a flag that takes one, which `Flags` always yields with its operand."""
        if self.operand is None:
            message = f"{self.flag} takes no operand"
            raise LookupError(message)
        return self.operand


@dataclass(slots=True)
class Flags:
    """The words of one line while they are read. `index` is the next word; `others` are words that are no flag."""

    words: list[Word]
    version: Version
    index: int = 0
    others: list[Word] = field(default_factory=list)
    cluster: Word | None = None  # the word with several flags that getopt has not finished

    def __iter__(self) -> Iterator[Flag]:
        """The flags in order."""
        while self.index < len(self.words):
            current = self.words[self.index]
            self.index += 1
            letter = current.text[1:2]
            if current.text[:1] != "-" or not letter:
                self.others.append(current)
            elif letter in TAKES_OPERAND:
                yield self._with_operand(current, 1)
            elif letter != "-":
                yield from self._short(current)
            elif current.text == "--":
                break
            else:
                yield self._long(current)

    def left(self, *, early: bool) -> list[Word]:
        """The words that no flag took. If reading ended early, getopt has not yet returned to words before that."""
        passed = [] if early else self.others
        return [*passed, *([self.cluster] if self.cluster else []), *self.words[self.index :]]

    def _operand(self) -> Word | None:
        if self.index == len(self.words):
            return None
        self.index += 1
        return self.words[self.index - 1]

    def _short(self, current: Word) -> Iterator[Flag]:
        for offset, letter in enumerate(current.text[1:], start=1):
            if letter in TAKES_OPERAND:
                yield self._with_operand(current, offset)
                return
            self.cluster = current if offset + 1 < len(current.text) else None
            if letter in _KNOWN:
                yield Flag(f"-{letter}", Word(f"-{letter}", current.start, current.end))
            else:
                yield Flag("", current, problem="a flag that auditctl has")

    def _with_operand(self, current: Word, offset: int) -> Flag:
        """The flag at this place of a word, with its operand: the rest of the word, or else the next word."""
        self.cluster = None
        text = current.text
        flag = f"-{text[offset]}"
        word = current if text == flag else Word(flag, current.start, current.end)
        stuck = text[offset + 1 :]
        operand = Word(stuck, current.end - len(stuck), current.end) if stuck else self._operand()
        if operand is None:
            return Flag("", current, problem=f"an operand after {flag}")
        return Flag(flag, word, operand)

    def _long(self, current: Word) -> Flag:
        name, equals, value = current.text[2:].partition("=")
        known = [option for option in LONG if option.since <= self.version]
        found = [option for option in known if option.name == name] or [
            option for option in known if option.name.startswith(name)
        ]
        if len(found) != 1:
            return Flag("", current, problem="one of " + ", ".join(f"--{option.name}" for option in known))
        option = found[0]
        flag = f"--{option.name}"
        if not option.operand:
            return Flag("", current, problem=f"{flag} without an operand") if equals else Flag(flag, current)
        operand = Word(value, current.end - len(value), current.end) if equals else self._operand()
        if operand is None:
            return Flag("", current, problem=f"an operand after {flag}")
        return Flag(flag, current, operand)
