"""One source of rules (the kernel, the next boot, files to try): it evaluates paths and calls, and words evidence."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import chain

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.coverage.access import ANYBODY, Credentials
from auditrules.audit.coverage.answer import Coverage, Reason, path_error, unknown_coverage
from auditrules.audit.coverage.asked_rule import AskedPath, CallOfArch
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_coverage import CallAnswer, evaluate_call
from auditrules.audit.coverage.call_ways import equivalence_key
from auditrules.audit.coverage.decision import ON, Auditing, CoverageStatus, Outcome
from auditrules.audit.coverage.explain import closeness_words, conditions, deciding_or_closest
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Condition, Rule
from auditrules.values import dataclass, field

MOST_RULES = 10  # rules that evidence names

_HISTORY = frozenset({Undetermined.MOUNTED, Undetermined.REPLACED})

FileLines = Mapping[str, Sequence[str]]  # a rule's normal form -> file:line of each line that has it


@dataclass(frozen=True)
class RuleSource:
    """The rules of one source and whether auditing is on, or the `error` why that is not known.

    `remarks` say how well the rules are known; `loads_nothing` says why boot loads no rule. `older`: processes may be
    older than auditing. In `rules`, a watched path that is a directory is a `dir` field.
    """

    name: str
    machine: str
    rules: RuleSet | None = None
    auditing: Auditing = ON
    error: str = ""
    remarks: tuple[str, ...] = ()
    loads_nothing: str = ""
    older: bool = True
    file_lines: FileLines = field(default_factory=dict)
    _texts: dict[Rule, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def evaluate(self, asked: AskedPath, file_system: FileSystem, who: Credentials = ANYBODY) -> Coverage:
        """The coverage of the requested accesses to a path, by the subject `who`."""
        path = asked.path
        if self.rules is not None:
            host = AuditedHost(self.rules, file_system, self.auditing, who, asked.compat, asked.conditions)
            return evaluate_path(path, host, asked.letters, link=asked.link)
        place = None if path_error(path) else file_system.walk(path)
        if place is None or place.entry is None:
            return unknown_coverage(Reason.UNREADABLE, self.error)
        return unknown_coverage(Reason.UNREADABLE, self.error, resolved=place.full_path, exists=not place.missing)

    def evaluate_call(
        self,
        call: CallOfArch,
        file_system: FileSystem,
        who: Credentials = ANYBODY,
        *,
        asked: tuple[Condition, ...] = (),
        path: str = "",
    ) -> CallAnswer:
        """Whether a system call is recorded: by the subject `who`, under the `asked` conditions, on one file (`path`).

        Raises:
            UnknownSyscallError: the machine has no such call, or no such arch.
        """
        if self.rules is None:
            return CallAnswer(CoverageStatus.UNKNOWN, Reason.UNREADABLE, CoverageStatus.UNKNOWN)
        host = AuditedHost(self.rules, file_system, self.auditing, who, asked=asked)
        return evaluate_call(call.syscall, call.arch, host, path)

    def equivalence_key(self, call: CallOfArch, release: str) -> Hashable:
        """A key that is equal for two calls only if both have the same answer, on any file."""
        return (
            call if self.rules is None else equivalence_key(call.syscall, call.arch, self.rules, self.machine, release)
        )

    def text(self, rule: Rule) -> str:
        """The normal form of a rule; each is rendered once."""
        written = self._texts.get(rule)
        if written is None:
            written = self._texts[rule] = render(rule, self.machine)
        return written

    def files(self, text: str, *, lines: bool) -> tuple[str, ...]:
        """The files that contain a rule with that normal form; with `lines` as FILE:LINE."""
        found = self.file_lines.get(text, ())
        return tuple(dict.fromkeys(found if lines else (each.rpartition(":")[0] for each in found)))

    def evidence(self, named: Sequence[tuple[str, str]], *, lines: bool) -> list[str]:
        """Evidence: the rules in `named` (normal form, and how close it comes or empty) with their files.

        It also says if rules are not known, auditing is off, or boot loads none.
        """
        found = []
        for text, closest in named[:MOST_RULES]:
            files = ", ".join(self.files(text, lines=lines))
            found.append(f"{text}{f' in {files}' if files else ''}{f' is {closest}' if closest else ''}")
        left = len(named) - MOST_RULES
        if left > 0:
            found.append(f"and {left} more rules")
        if self.rules is None:
            found = [self.error]
        if self.auditing.enabled == 0:
            found = ["auditing is off (enabled 0), so no rule counts"]
        if self.loads_nothing:
            found.append(f"boot loads no rules: {self.loads_nothing}")
        return found or ["no rule records it"]


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """What one source of rules records of a path.

    `recorded`, `conditional`, `unrecorded` and `unknown` each have some of the letters rwxa; together they have all.
    `rules` are the normal forms of the rules that decide, in the order of evaluation. `exists` is None if that could
    not be seen. `left_out` are paths below a recorded directory that are not recorded. `evidence` names rules and
    files, `evidence_lines` also the lines.
    """

    path: str
    source: str
    recorded: str
    conditional: str
    unrecorded: str
    unknown: str
    rules: tuple[str, ...]
    keys: tuple[str, ...]
    conditions: tuple[str, ...]
    reason: Reason
    resolved: str
    exists: bool | None
    evidence: str
    evidence_lines: str
    left_out: tuple[str, ...] = ()


def in_words(path: str, source: RuleSource, covered: Coverage, reason: Reason | None = None) -> PathAnswer:
    """Word a path's coverage by a source; `reason` replaces the coverage's own reason, if given."""
    recording = {each.resolved.order: each.resolved for each in covered.outcomes if each.recorded and each.resolved}
    keys = chain.from_iterable(recording[order].rule.keys() for order in sorted(recording))
    decide = bool(covered.deciding)
    named = [
        (source.text(each.rule), "" if decide else closeness_words(covered, each))
        for each in deciding_or_closest(covered)
    ]
    return PathAnswer(
        path=path,
        source=source.name,
        recorded=covered.with_status(CoverageStatus.RECORDED),
        conditional=covered.with_status(CoverageStatus.CONDITIONAL),
        unrecorded=covered.with_status(CoverageStatus.UNRECORDED),
        unknown=covered.with_status(CoverageStatus.UNKNOWN),
        rules=tuple(text for text, _ in named) if decide else (),
        keys=tuple(dict.fromkeys(keys)),
        conditions=conditions(covered, source.machine, older=source.older),
        reason=reason or covered.reason,
        resolved=covered.resolved,
        exists=covered.exists,
        evidence=_evidence(covered, source, named, lines=False),
        evidence_lines=_evidence(covered, source, named, lines=True),
        left_out=covered.exceptions,
    )


def _evidence(covered: Coverage, source: RuleSource, named: Sequence[tuple[str, str]], *, lines: bool) -> str:
    """The evidence: rules that decide or come closest, their files, and remarks."""
    by_release = [f"by the release of its kernel, {covered.release}"] if covered.release else []
    found = [*source.evidence(named, lines=lines), *_signs(covered), *by_release, *source.remarks]
    return covered.error or "; ".join(found)


def _signs(covered: Coverage) -> Iterator[str]:
    """The signs that rules which may decide are on other files than their paths lead to now."""
    unsure = (each.resolved for each in covered.outcomes if each.resolved and not _HISTORY.isdisjoint(_waits(each)))
    yield from dict.fromkeys(sign for resolved in unsure for sign in resolved.signs)


def _waits(outcome: Outcome) -> set[Undetermined]:
    return {pending.why for pending in outcome.pending}
