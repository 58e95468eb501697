"""No rule of a list is in force with an action: none that keeps every task from being audited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditrules.audit.model.rule import Action, FilterList
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.remediation import AuditState, rule_remedy
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost, Remedy
from auditrules.status import Status

KIND = "absent_rule"
ABSENT, PRESENT, UNREADABLE = "absent", "present", "unreadable"
_MOST = 10  # rules that evidence names


@dataclass(frozen=True, slots=True)
class AbsentRule:
    """No rule of the list has the action."""

    action: Action
    list: FilterList

    @property
    def kind(self) -> str:
        """`absent_rule`."""
        return KIND

    @property
    def needs(self) -> frozenset[Fact]:
        """Nothing: a host's audit has the rules."""
        return frozenset()

    @property
    def _words(self) -> str:
        return f"{self.action.value},{self.list.value}"

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """None."""
        return ()

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:
        """Look for such rules in the kernel, or in what boot loads."""
        state = AuditState.of(host.audit)
        sets = host.audit.rule_sets
        of_source = sets.boot if source == BOOT else sets.kernel
        if of_source.rules is None:
            evidence = of_source.error or state.unknown_words(source)
            remedy = rule_remedy(UNREADABLE, state, Remedy())
            return [self._judged(source, Status.UNKNOWN, UNREADABLE, evidence, remedy=remedy)]
        found = [of_source.text(each.rule) for each in of_source.rules.of(self.list) if each.rule.action is self.action]
        if found:
            evidence, lines = (
                "; ".join(of_source.evidence([(text, "") for text in found], lines=each)) for each in (False, True)
            )
            remedy = Remedy(text=_advice(found))
            return [self._judged(source, Status.FAIL, PRESENT, evidence, lines, remedy)]
        if of_source.rules.unread:
            evidence = f"{of_source.rules.unread} rules of the kernel are not understood"
            return [self._judged(source, Status.UNKNOWN, UNREADABLE, evidence)]
        return [self._judged(source, Status.PASS, ABSENT, f"no rule {self._words}")]

    def _judged(  # noqa: PLR0913, PLR0917 - what differs between answers
        self,
        source: str,
        status: Status,
        reason: str,
        evidence: str,
        evidence_lines: str = "",
        remedy: Remedy = Remedy(),  # noqa: B008 - it is frozen
    ) -> Judged:
        missing = f"no rule {self._words}" if status in (Status.FAIL, Status.UNKNOWN) else ""
        return Judged(
            source,
            KIND,
            self._words,
            ABSENT,
            "",
            "benchmark",
            status,
            reason,
            missing,
            evidence,
            evidence_lines,
            remedy,
        )


def _advice(found: Sequence[str]) -> str:
    told = ", ".join(found[:_MOST])
    return (
        f"Take {told} out of the rules files, run augenrules --load, and restart what was started meanwhile: those "
        "processes stay unrecorded."
    )


def read(fields: Fields) -> AbsentRule:
    """The requirement of an object of a benchmark's file. Raises BenchmarkError."""
    action = Action(fields.word("action", [each.value for each in Action]))
    return AbsentRule(action, FilterList(fields.word("list", [each.value for each in FilterList])))
