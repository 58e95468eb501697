"""The host whose coverage is evaluated: its rules, its files, whether auditing is on, and what is asked about."""

from __future__ import annotations

from auditrules.audit.coverage.access import ANYBODY, Access, Credentials
from auditrules.audit.coverage.access_coverage import Evaluated, evaluate_access
from auditrules.audit.coverage.asked_coverage import evaluate_asked
from auditrules.audit.coverage.decision import (
    Auditing,
    CoverageStatus,
    Decision,
)
from auditrules.audit.coverage.field_match import LABELS
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.rule_match import Pending
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rules_on_names import NameRules
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Condition, Field
from auditrules.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class AuditedHost:
    """A host whose coverage is evaluated: its rules, its files, and whether auditing is on.

    `who` is the subject, as far as it is given. `compat`: a 32-bit program of a 64-bit machine makes the accesses.
    `asked` are the conditions of a requested rule: accesses that it does not match are not judged.
    """

    rules: RuleSet
    file_system: FileSystem
    auditing: Auditing
    who: Credentials = ANYBODY
    compat: bool = False
    asked: tuple[Condition, ...] = ()

    def evaluate(self, access: Access, on_names: NameRules | None = None) -> Evaluated | None:
        """Whether an access is recorded, in the cases that are asked about; None if there is no such case."""
        found = self._evaluate(self.rules, access, on_names)
        unlabelled = self.rules.unlabelled
        if found is None or found[0] is not CoverageStatus.UNKNOWN or unlabelled is self.rules or self._asks_for_label:
            return found
        # The labels of tasks are not known, but some tasks surely have none of the labels in the rules.
        escaping = self._evaluate(unlabelled, access, None)
        if escaping is not None and escaping[0] in (CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL):
            return CoverageStatus.CONDITIONAL, escaping[1]
        return found

    def _evaluate(self, rules: RuleSet, access: Access, on_names: NameRules | None) -> Evaluated | None:
        if not self.asked:
            return evaluate_access(rules, access, self.auditing, on_names)
        return evaluate_asked(rules, access, self.auditing, self.asked, on_names)

    @property
    def _asks_for_label(self) -> bool:
        return any(isinstance(each, Field) and each.name in LABELS for each in self.asked)

    @property
    def machine(self) -> str:
        """The machine whose system calls are made."""
        return self.file_system.facts.machine


def one_of_two(one: Evaluated | None, other: Evaluated | None, why: Undetermined) -> Evaluated | None:
    """The result of an access that is one of two, unknown which; None if one of them is not asked about."""
    if one is None or other is None:
        return None
    if one[0] is other[0]:
        return one
    both = (*one[1].outcomes, *other[1].outcomes)
    decision = Decision(tuple(replace(each, pending=(*each.pending, Pending(None, why))) for each in both))
    escaped = {CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL}
    return (CoverageStatus.CONDITIONAL if {one[0], other[0]} <= escaped else CoverageStatus.UNKNOWN), decision


def with_subject(access: Access, subject: Credentials) -> Access:
    """The access by this subject. If the access is an execution, its program stays."""
    if subject is ANYBODY:
        return access
    known = {name: value for name in _OF_SUBJECT if (value := getattr(subject, name)) is not None}
    exe = access.subject.exe if access.subject.exe is not None else subject.exe
    return replace(access, subject=replace(access.subject, **known, exe=exe), forker=replace(access.forker, **known))


_OF_SUBJECT = (
    *("auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
    *("groups", "pid", "ppid", "sessionid"),
)
