"""A rule that is loaded, as the checks of rules take it."""

from __future__ import annotations

from auditrules.audit.model.rule import (
    Rule,
)
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
