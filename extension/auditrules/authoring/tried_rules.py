"""Loads rules files and folders one after the other to try them, and gives the rules that the kernel would have."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from auditrules.audit.auditctl.rules_file import lines
from auditrules.audit.boot.load import LoadedFile, load_rules
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.model.collected import TriedRulesText
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.rule_sets import files_source
from auditrules.authoring.file_checks import UTF_16_READ, is_utf_16
from auditrules.authoring.reading import RulesInput, RulesReading
from auditrules.text import shortened


class TriedRules:
    """The rules of inputs on a host with these facts."""

    def __init__(self, inputs: Sequence[RulesInput], facts: Facts) -> None:
        self._facts = facts
        self._readings = [RulesReading(each, facts) for each in inputs]
        self._texts = [reading.content.removesuffix(b"\n") + b"\n" for reading in self._readings]
        counts = (sum(1 for _ in lines(text)) for text in self._texts)
        self._ends = list(accumulate(counts))

    @cached_property
    def content(self) -> bytes:
        """The bytes that auditctl reads, one input after the other."""
        return b"".join(self._texts)

    @cached_property
    def loaded(self) -> LoadedFile:
        """The result of the load. A line that ends it also keeps later inputs from being loaded."""
        return load_rules(self.content, self._facts)

    @cached_property
    def source(self) -> RuleSource:
        """The loaded rules as a source for coverage."""
        return files_source(self.loaded, self._facts, self.place)

    def place(self, number: int) -> str:
        """The place of a line of `content`, as in `FILE:LINE`."""
        index = bisect_right(self._ends, number - 1)
        before = self._ends[index - 1] if index else 0
        return str(self._readings[index].place(number - before))

    @cached_property
    def text(self) -> TriedRulesText:
        """The rules as the text that boot is assumed to load."""
        return TriedRulesText(self.content, tuple(map(self.place, range(1, self._ends[-1] + 1))))

    @property
    def problems(self) -> tuple[str, ...]:
        """The lines that are not loaded, with the reasons."""
        files = [file for reading in self._readings for file in reading.given.files]
        wide = [f"{file.path}: {UTF_16_READ}" for file in files if is_utf_16(file.content or b"")]
        refused = [shortened(f"{self.place(number)}: {reason}") for number, reason in self.loaded.refused]
        if self.loaded.stopped_at is None:
            return (*wide, *refused)
        return (*wide, *refused, f"the load stops at {self.place(self.loaded.stopped_at)}: no line below it is loaded")
