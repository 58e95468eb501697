"""Evaluates a requested rule: which of its calls are recorded, one by one and together, with evidence in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import chain

from auditrules.audit.coverage.access import ANYBODY, Credentials
from auditrules.audit.coverage.answer import RANK, Reason
from auditrules.audit.coverage.asked_rule import AskedRule, CallOfArch
from auditrules.audit.coverage.call_coverage import CallAnswer
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.result_cache import ResultCache
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Action, FilterList
from auditrules.values import dataclass

_ESCAPED = (CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL)


@dataclass(frozen=True)
class AskedAnswer:
    """The answer for each call of a requested rule; `unasked`: why other calls can't be made on this machine."""

    source: RuleSource
    calls: Mapping[CallOfArch, CallAnswer]
    impossible: Mapping[CallOfArch, str]

    def with_status(self, *statuses: CoverageStatus, arches: Iterable[str] = ("b64", "b32")) -> tuple[CallOfArch, ...]:
        """The calls that have one of these statuses."""
        wanted = set(arches)
        return tuple(call for call, each in self.calls.items() if each.status in statuses and call.arch in wanted)

    def status(self, arches: Iterable[str] = ("b64", "b32")) -> CoverageStatus:
        """Recorded if every call is, unrecorded if none is, conditional if some escape, else unknown."""
        wanted = set(arches)
        found = {each.status for call, each in self.calls.items() if call.arch in wanted}
        if not found:
            return CoverageStatus.UNKNOWN
        if len(found) == 1:
            return found.pop()
        return CoverageStatus.CONDITIONAL if found & {*_ESCAPED} else CoverageStatus.UNKNOWN

    def reason(self, arches: Iterable[str] = ("b64", "b32")) -> Reason:
        """The reason why calls are not recorded, the first in the order of `Reason`; `covered` if all are."""
        wanted = set(arches)
        answers = [each for call, each in self.calls.items() if call.arch in wanted]
        kept = [each for each in answers if each.status in _ESCAPED] or answers
        reasons = [each.reason for each in kept if each.reason is not Reason.COVERED]
        return min(reasons, key=RANK.__getitem__, default=Reason.COVERED if answers else Reason.UNREADABLE)

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """Which of the calls escape, in words such as `auid>=60000 only`."""
        return tuple(dict.fromkeys(chain.from_iterable(each.conditions for each in self.calls.values())))

    @property
    def hindrance(self) -> str:
        """Which kind of rule keeps calls out: `task_never`, `excluded`, `suppressed`; empty if none does."""
        rules = [rule.rule for each in self.calls.values() if each.status in _ESCAPED for rule in each.deciding]
        if any(rule.list is FilterList.TASK and rule.action is Action.NEVER for rule in rules):
            return Reason.TASK_NEVER.value
        if any(rule.list is FilterList.EXCLUDE for rule in rules):
            return Reason.EXCLUDED.value
        return Reason.SUPPRESSED.value if any(rule.action is Action.NEVER for rule in rules) else ""

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys of the rules that record, each once."""
        rules = (each.rule for each in self._deciding if each.rule.action is Action.ALWAYS)
        return tuple(dict.fromkeys(chain.from_iterable(rule.keys() for rule in rules)))

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The normal forms of the rules that decide, in the order of evaluation."""
        return tuple(dict.fromkeys(self.source.text(each.rule) for each in self._deciding))

    @cached_property
    def _deciding(self) -> tuple[ResolvedRule, ...]:
        found = {rule.order: rule for each in self.calls.values() for rule in each.deciding}
        return tuple(found[order] for order in sorted(found))

    def evidence(self, *, lines: bool) -> str:
        """The rules that decide, with their files, and which calls escape."""
        found = self.source.evidence([(text, "") for text in self.rules], lines=lines)
        escapes = [", ".join(self.conditions)] if self.conditions else []
        return "; ".join([*found, *escapes, *self.source.remarks])


def evaluate_asked_rule(
    asked: AskedRule, source: RuleSource, file_system: FileSystem, known: ResultCache[CallAnswer] | None = None
) -> AskedAnswer:
    """Evaluate each call of a requested rule by one source of rules.

    `known` are answers for calls, shared by all equivalent calls (`RuleSource.equivalence_key`). They are used only if
    the rule asks for calls on any file and by any program, whose answers depend on the source alone.
    """
    calls = dict(asked.calls(source.machine, file_system.facts.kernel.release))
    who = ANYBODY
    if asked.program:
        program = file_system.walk(asked.program)
        if program.missing:
            calls = {call: why or f"there is no program {asked.program}" for call, why in calls.items()}
        who = Credentials(exe=file_system.identity(program))

    def evaluated(call: CallOfArch) -> CallAnswer:
        return source.evaluate_call(call, file_system, who, asked=asked.conditions, path=asked.path)

    release = file_system.facts.kernel.release
    found = {
        call: evaluated(call)
        if known is None or asked.paths
        else known.get((source.name, source.equivalence_key(call, release), asked.conditions), partial(evaluated, call))
        for call, why in calls.items()
        if not why
    }
    nothing = {call: "no such call can meet what is asked" for call, each in found.items() if each.nothing_asked}
    return AskedAnswer(
        source,
        {call: each for call, each in found.items() if not each.nothing_asked},
        {call: why or nothing[call] for call, why in calls.items() if why or call in nothing},
    )


def calls_text(calls: Iterable[CallOfArch]) -> str:
    """The calls as a text: `chmod, fchmod (b64); chmod (b32)`."""
    return "; ".join(_by_arch(calls))


def _by_arch(calls: Iterable[CallOfArch]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for call in calls:
        found.setdefault(call.arch, []).append(call.syscall)
    for arch, names in found.items():
        yield f"{', '.join(names)} ({arch})"
