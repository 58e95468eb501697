"""Finds the rules that match an access or may match it: in the kernel's lists, and at the inodes of its names."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import chain

from auditrules.audit.coverage.access import Access
from auditrules.audit.coverage.call_filter import (
    ANOM_LINK,
    CONFIG_CHANGE,
    CallFilter,
    RuleMatch,
    fingerprint_of,
    matching_rules,
    through_first_certain,
)
from auditrules.audit.coverage.decision import Cause, Outcome
from auditrules.audit.coverage.name_match import depends_on_names
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rules_on_names import Buckets, NameRules
from auditrules.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class ApplicableRules:
    """The rules that match an access or may match it, each list in the order of evaluation.

    `listed` are in the exit list itself; `names` are those that the kernel keeps at the inode of each name; `removals`
    are those that it evaluates before the call has a result, each time that a watched name is taken away. `otherwise`
    is the outcome if none of them matches. If that is a record of the kernel's own, `unreported` are the rules of the
    exclude list that drop it. Accesses with equal `fingerprint` have the same decision and status.
    """

    filter: CallFilter
    listed: tuple[RuleMatch, ...]
    names: tuple[tuple[RuleMatch, ...], ...]
    removals: tuple[tuple[tuple[RuleMatch, ...], ...], ...]
    otherwise: Outcome
    fingerprint: Hashable
    unreported: tuple[RuleMatch, ...] = ()


def applicable_rules(rules: RuleSet, access: Access, on_names: NameRules | None = None) -> ApplicableRules:
    """Find the rules that match or may match. `on_names` are the rules on the access's names, if already known."""
    found = rules.call_filter(access)
    there = on_names or rules.rules_on_names(access.names, succeeds=access.succeeded is not False)
    dropping = access.succeeded is True and rules.loses_rule(access)
    if not (there.trees or there.on or there.removals or dropping or found.name_dependent or access.reported):
        return ApplicableRules(found, found.listed, (), (), Outcome(Cause.NO_RULE), found.fingerprint)
    seen = access if there.names is access.names else replace(access, names=there.names)
    resolved = tuple(matching_rules((*found.candidates(there.trees), *found.name_dependent), seen, None))
    names = _on_names(found, there.on, seen)
    # If the call takes a watched name away, the kernel evaluates all rules at inodes before the call has a result: at
    # its end the watch is gone from the inode (audit_update_watch of kernel/audit_watch.c).
    unfinished = [(access.on(so_far, unfinished=True), on) for so_far, on in there.removals]
    asked = (_on_names(rules.call_filter(so_far), on, so_far) for so_far, on in unfinished)
    removals = tuple(filter(None, asked))
    reported = access.reported or dropping
    otherwise = Outcome(Cause.REPORTED, recorded=True) if reported else Outcome(Cause.NO_RULE)
    unreported = found.exclude_rules_for(CONFIG_CHANGE if dropping else ANOM_LINK) if reported else ()
    listed = tuple(through_first_certain(sorted((*found.listed, *resolved), key=_order))) if resolved else found.listed
    results = tuple(tuple(map(fingerprint_of, each)) for each in ((resolved,), names, *removals))
    on_any_name = chain(resolved, *names, *chain.from_iterable(removals))
    owners = there.names if any(map(_depends_on_names, on_any_name)) else ()
    fingerprint = found.fingerprint, otherwise.cause, fingerprint_of(unreported), results, owners
    return ApplicableRules(found, listed, names, removals, otherwise, fingerprint, unreported)


def _depends_on_names(rule: RuleMatch) -> bool:
    """Whether a rule's match depends on an unknown fact that differs between files, such as the owner."""
    return any(pending.condition is not None and depends_on_names(pending.condition) for pending in rule[1].pending)


def _order(rule: RuleMatch) -> int:
    return rule[0].order


def _on_names(of: CallFilter, buckets: Buckets, access: Access) -> tuple[tuple[RuleMatch, ...], ...]:
    """The rules at the inode of each name that match or may match; names without any are left out."""
    matches = (tuple(matching_rules(of.candidates(rules), access, name)) for name, rules in buckets)
    return tuple(filter(None, matches))
