"""The required letters of a path (of rwxa) by their coverage, and coverage joined from two answers. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.coverage.answer import Reason
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.model.rule import PERMISSION_LETTERS
from auditrules.values import dataclass, replace

LETTERS = "".join(letter for letter, _ in PERMISSION_LETTERS)


@dataclass(frozen=True, slots=True)
class Letters:
    """The required letters, split by their coverage in the answer of a source, in the order rwxa."""

    required: str
    answer: PathAnswer | None
    source: str

    def _required_of(self, letters: str) -> str:
        return "".join(letter for letter in LETTERS if letter in self.required and letter in letters)

    @property
    def unrecorded(self) -> str:
        """The letters that are not recorded."""
        return self._required_of(self.answer.unrecorded) if self.answer else ""

    @property
    def conditional(self) -> str:
        """The letters that are not always recorded."""
        return self._required_of(self.answer.conditional) if self.answer else ""

    @property
    def unknown(self) -> str:
        """The letters whose coverage is unknown."""
        return self._required_of(self.answer.unknown) if self.answer else ""

    @property
    def missing(self) -> str:
        """The letters that keep the requirement from passing."""
        return self._required_of(self.unrecorded + self.conditional + self.unknown) if self.answer else self.required


def for_both_arches(one: PathAnswer, other: PathAnswer) -> PathAnswer:
    """Join the coverage of a path for the machine's own programs (`one`) and for 32-bit programs (`other`)."""
    if set(one.recorded) <= set(other.recorded):
        return one
    lost = {letter for letter in one.recorded if letter not in other.recorded}
    unknown = lost & set(other.unknown)
    files = [f"{each}; of 32-bit programs: {of}" for each, of in _evidence_of(one, other)]
    return replace(
        one,
        recorded="".join(letter for letter in one.recorded if letter not in lost),
        conditional="".join(each for each in LETTERS if each in one.conditional or each in lost - unknown),
        unknown="".join(each for each in LETTERS if each in one.unknown or each in unknown),
        reason=other.reason if lost == unknown else Reason.CONDITIONAL,
        conditions=tuple(dict.fromkeys((*one.conditions, *other.conditions))),
        evidence=files[0],
        evidence_lines=files[1],
    )


def _evidence_of(one: PathAnswer, other: PathAnswer) -> Iterator[tuple[str, str]]:
    yield one.evidence, other.evidence
    yield one.evidence_lines, other.evidence_lines


def for_missing_directory(itself: PathAnswer, inside: PathAnswer) -> PathAnswer:
    """Join the coverage of a directory that does not exist yet, from the answers on its name and on a name inside it.

    A watch on a missing directory is not recursive: it records that the directory is made, and nothing below it.
    """
    both = {letter for letter in itself.recorded if letter in inside.recorded}
    if both == set(itself.recorded):
        return itself
    of_inside = (inside.conditional, inside.unrecorded, inside.unknown)
    conditional, unrecorded, unknown = (
        "".join(each for each in LETTERS if each in own or (each in itself.recorded and each in below))
        for own, below in zip((itself.conditional, itself.unrecorded, itself.unknown), of_inside, strict=True)
    )
    return replace(
        itself,
        recorded="".join(letter for letter in itself.recorded if letter in both),
        conditional=conditional,
        unrecorded=unrecorded,
        unknown=unknown,
        reason=Reason.NOT_RECURSIVE,
    )
