"""Explains coverage in words: the rules that decide, why others do not, who escapes, and which rule comes closest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from auditrules.audit.auditctl.normal_form import field_text
from auditrules.audit.coverage.access import Access, Name
from auditrules.audit.coverage.answer import Closeness, Coverage, PermissionCoverage
from auditrules.audit.coverage.decision import Auditing, Cause, CoverageStatus, Outcome
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_match import Match, Truth, match, match_task
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import ResolvedPath, below
from auditrules.audit.model.rule import PATH_NAMES, Action, Condition, Field, FilterList
from auditrules.values import dataclass, replace

MOST_EXCEPTIONS = 10  # paths below a directory that are named one by one

_PARTLY = (CoverageStatus.RECORDED, CoverageStatus.CONDITIONAL)
_CLOSEST_FIRST = {closeness: rank for rank, closeness in enumerate(Closeness)}


class RuleResult(Enum):
    """The result of a rule for an access."""

    DECIDES = "decides"
    MAY_DECIDE = "decides if"
    LATE = "matches, but another rule comes first"
    FAILED = "does not match"
    ELSEWHERE = "is on another path"


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """One rule with its result, and `why`: the condition or call that keeps it from deciding."""

    resolved: ResolvedRule
    result: RuleResult
    why: str = ""

    @property
    def words(self) -> str:
        """The result as a phrase."""
        if not self.why:
            return self.result.value
        return f"{self.result.value}{' ' if self.result is RuleResult.MAY_DECIDE else ': '}{self.why}"


def explained_rules(rules: RuleSet, access: Access, auditing: Auditing, machine: str) -> Iterator[ExplainedRule]:
    """The rules of the task, exit and exclude lists in the order of evaluation, each with its result."""
    access = replace(access, names=rules.with_late_mounts(access.names))
    outcomes = decide(rules, access, auditing).outcomes
    deciding = {each.resolved.order: each for each in outcomes if each.resolved is not None}
    for resolved in (
        *rules.in_list(FilterList.TASK),
        *rules.in_list(FilterList.EXIT),
        *rules.in_list(FilterList.EXCLUDE),
    ):
        outcome = deciding.get(resolved.order)
        if outcome is not None:
            conditions = [_words(pending.condition, machine) for pending in outcome.pending]
            result = RuleResult.MAY_DECIDE if conditions else RuleResult.DECIDES
            yield ExplainedRule(resolved, result, " and ".join(conditions))
        elif resolved.rule.list is FilterList.EXCLUDE:
            yield ExplainedRule(resolved, RuleResult.FAILED, "leaves the record of the call in")
        elif any(each.cause is Cause.DISABLED for each in outcomes):
            yield ExplainedRule(resolved, RuleResult.FAILED, "auditing is off")
        else:
            yield _missed(resolved, _best(resolved, access), access, machine)


def _best(resolved: ResolvedRule, access: Access) -> Match:
    """The rule's best match over all names of the access."""
    if resolved.rule.list is FilterList.TASK:
        return match_task(resolved, access.forker)
    if not resolved.by_inode:
        return match(resolved, access)
    return max((match(resolved, access, name) for name in access.names), key=lambda each: each.truth.value)


def _missed(resolved: ResolvedRule, found: Match, access: Access, machine: str) -> ExplainedRule:
    if found.truth is not Truth.NO:
        return ExplainedRule(resolved, RuleResult.LATE)
    if found.failed is None:
        return ExplainedRule(resolved, RuleResult.FAILED, f"{access.call} is none of its system calls")
    if isinstance(found.failed, Field) and found.failed.name in PATH_NAMES:
        return ExplainedRule(resolved, RuleResult.ELSEWHERE)
    return ExplainedRule(resolved, RuleResult.FAILED, f"{_words(found.failed, machine)} does not hold")


def _words(condition: Condition | None, machine: str) -> str:
    return field_text(condition, machine) if condition is not None else "what is not known here holds"


def conditions(covered: Coverage, machine: str, *, older: bool) -> tuple[str, ...]:
    """Which accesses escape although their permission is recorded. `older`: processes may be older than auditing."""
    texts: dict[str, None] = {}
    for permission in covered.permissions:
        if permission.status in _PARTLY:
            texts.update(dict.fromkeys(_of_permission(permission, machine)))
    if older and any(permission.status in _PARTLY for permission in covered.permissions):
        texts["except processes started before auditing was enabled"] = None
    for path in covered.exceptions[:MOST_EXCEPTIONS]:
        texts[f"except {path}"] = None
    if len(covered.exceptions) > MOST_EXCEPTIONS:
        texts[f"except {len(covered.exceptions) - MOST_EXCEPTIONS} more places below"] = None
    return tuple(texts)


def _of_permission(permission: PermissionCoverage, machine: str) -> Iterator[str]:
    if permission.status is CoverageStatus.CONDITIONAL:
        for outcome in permission.outcomes:
            yield from outcome_conditions(outcome, machine)
        if any(call.status in _PARTLY for call in permission.calls):
            missed = (call.operation.call for call in permission.calls if call.status is CoverageStatus.UNRECORDED)
            yield from (f"except {call}" for call in missed)
    yield from (f"{'except' if each.known else 'perhaps except'} {each.calls}" for each in permission.missed)
    if any(outcome.cause is Cause.TASK and outcome.recorded for outcome in permission.outcomes):
        yield "except processes started before the rules were loaded"


def outcome_conditions(outcome: Outcome, machine: str) -> Iterator[str]:
    """The conditions of an outcome on the subject or result, in words.

    They hold together: a record needs each of them, and an access escapes only if all hold.
    """
    texts = [
        f"{field_text(pending.condition, machine)}{' at the fork' if outcome.cause is Cause.TASK else ''}"
        for pending in outcome.pending
        if pending.why is Undetermined.SUBJECT and pending.condition is not None
    ]
    if outcome.recorded:
        yield from (f"{text} only" for text in texts)
    elif texts:
        yield f"except {' and '.join(dict.fromkeys(texts))}"


def deciding_or_closest(covered: Coverage) -> tuple[ResolvedRule, ...]:
    """The rules that decide or, if none does, those that come closest, in the order of evaluation."""
    found = covered.deciding
    if found:
        return found
    closest = {
        permission.closest.order: permission.closest
        for permission in covered.permissions
        if permission.closest is not None
    }
    return tuple(closest[order] for order in sorted(closest))


def closeness_words(covered: Coverage, resolved: ResolvedRule) -> str:
    """How close a rule comes, in words; empty for a rule that decides."""
    if any(each is resolved for each in covered.deciding):  # of another permission
        return ""
    found = (permission.closeness for permission in covered.permissions if permission.closest is resolved)
    return next((closeness.value for closeness in found if closeness is not Closeness.NOTHING), "")


def nearest(rules: Iterable[ResolvedRule], name: Name, place: ResolvedPath) -> tuple[Closeness, ResolvedRule | None]:
    """The always rule that comes closest to a name and to the path in question, and how close."""
    found: tuple[Closeness, ResolvedRule | None] = (Closeness.NOTHING, None)
    for resolved in rules:
        if resolved.rule.action is Action.ALWAYS:
            closest = _near(resolved, name, place)
            if _CLOSEST_FIRST[closest] < _CLOSEST_FIRST[found[0]]:
                found = closest, resolved
    return found


def _near(resolved: ResolvedRule, name: Name, place: ResolvedPath) -> Closeness:
    if resolved.tree is not None:
        if resolved.tree.contains(name):
            return Closeness.PERMISSIONS
        return Closeness.LINK if resolved.tree.link and _around(resolved.tree.leads, place) else Closeness.NOTHING
    watch = resolved.watch
    if watch is None:
        return Closeness.NOTHING
    if watch.identity == name.identity:
        return Closeness.PERMISSIONS
    if watch.link:
        return Closeness.LINK if watch.leads and watch.leads.path == place.path else Closeness.NOTHING
    folder = watch.leads is not None and watch.leads.entry is not None and watch.leads.entry.type == "dir"
    return Closeness.NOT_RECURSIVE if folder and _around(watch.leads, place) else Closeness.NOTHING


def _around(folder: ResolvedPath | None, place: ResolvedPath) -> bool:
    """Whether a path is a directory or below it."""
    return folder is not None and (folder.path == place.path or below(place.path, folder.path))
