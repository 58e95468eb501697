"""A rule that is loaded, as the checks of rules take it, and findings on it."""

from __future__ import annotations

from auditrules.audit.model.rule import Rule
from auditrules.authoring.finding import LintFinding
from auditrules.authoring.reading import RulesReading
from auditrules.authoring.rule_shape import RuleShape
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule that is loaded, with its line and its shape."""

    number: int
    text: str
    rule: Rule
    shape: RuleShape
    impossible: str = ""  # why nothing can match it

    def finding(self, reading: RulesReading, id_: str, message: str, *fields: str) -> LintFinding:
        """A finding on the first of these fields that the line has; without one, on the line."""
        span = reading.of_field(self.text, *fields) if fields else None
        return reading.finding(id_, self.number, message, text=self.text, span=span)
