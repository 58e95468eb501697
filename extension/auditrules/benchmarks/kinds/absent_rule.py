"""The kind `absent_rule`: no rule of a list has an action, such as `never,task`, which stops auditing of tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from auditrules.audit.model.rule import Action, FilterList
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.remediation import rules_unread
from auditrules.benchmarks.requirement import UNREADABLE, JudgedHost, Remedy, Requirement, Result
from auditrules.status import Status
from auditrules.text import counted
from auditrules.values import dataclass, replace

ABSENT, PRESENT = "absent", "present"
_MOST = 10  # rules that evidence names


@dataclass(frozen=True, slots=True)
class AbsentRule(Requirement):
    """No rule of this list may have this action."""

    kind: ClassVar[str] = "absent_rule"

    action: Action
    list: FilterList

    @property
    def subject(self) -> str:
        """The rules that must not be there."""
        return f"{self.action.value},{self.list.value}"

    @property
    def required(self) -> str:
        """The word for absent."""
        return ABSENT

    def results(self, host: JudgedHost, source: str) -> Iterator[Result]:
        """Look for such rules in the kernel, or in what boot loads."""
        sets = host.audit.rule_sets
        of_source = sets.boot if source == BOOT else sets.kernel
        missing = f"no rule {self.subject}"
        if of_source.rules is None:
            yield replace(rules_unread(host.audit, of_source), missing=missing)
            return
        found = [
            of_source.text(each.rule) for each in of_source.rules.in_list(self.list) if each.rule.action is self.action
        ]
        if found:
            evidence, lines = (
                "; ".join(of_source.evidence([(text, "") for text in found], lines=each)) for each in (False, True)
            )
            yield Result(Status.FAIL, PRESENT, evidence, lines, missing, Remedy(text=_advice(found)))
        elif of_source.rules.unread:
            unread = counted(of_source.rules.unread, "rule of the kernel is", "rules of the kernel are")
            evidence = f"{unread} not understood"
            yield Result(Status.UNKNOWN, UNREADABLE, evidence, missing=missing)
        else:
            yield Result(Status.PASS, ABSENT, missing)


def _advice(found: Sequence[str]) -> str:
    told = ", ".join(found[:_MOST])
    return (
        f"Take {told} out of the rules files, run augenrules --load, and restart what was started meanwhile: those "
        "processes stay unrecorded."
    )


def read(fields: Fields) -> AbsentRule:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    action = Action(fields.word("action", [each.value for each in Action]))
    return AbsentRule(action, FilterList(fields.word("list", [each.value for each in FilterList])))
