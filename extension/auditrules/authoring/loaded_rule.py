"""A loaded rule with its line and shape, for the checks of rules."""

from __future__ import annotations

from auditrules.audit.model.rule import Rule
from auditrules.authoring.finding import LintFinding
from auditrules.authoring.reading import RulesReading
from auditrules.authoring.rule_shape import RuleShape
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A loaded rule, with its line and its shape."""

    number: int
    text: str
    rule: Rule
    shape: RuleShape
    impossible: str = ""  # why nothing can match it

    def finding(self, reading: RulesReading, id_: str, message: str, *fields: str) -> LintFinding:
        """Make a finding on the first of these fields that the line has, else on the whole line."""
        span = reading.field_place(self.text, *fields) if fields else None
        return reading.finding(id_, self.number, message, text=self.text, span=span)
