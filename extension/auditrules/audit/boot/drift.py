"""Compares rules files with the kernel: the state of each line and rule (loaded, missing, runtime …), with the reason.

The state of a file's line follows from what `auditctl -R` does with it, and from whether the kernel has its rule. The
state of a rule in the kernel says whether the next boot loads it again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cached_property

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.parse_listing import ListedLine
from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.boot.augenrules import LineOrigin, MergedRules, Treatment
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.load import LoadedFile, LoadedLine, LoadResult
from auditrules.audit.boot.rules_files import AUDIT_RULES, FileLine, RulesFiles, actual_rules
from auditrules.audit.boot.systemd import UndeterminedError
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import ControlFlag, Rule, Verb, same
from auditrules.audit.model.text_enum import TextEnum
from auditrules.values import dataclass, field


class RuleState(TextEnum):
    """The column `state` of audit_rules; `NOTHING`: there is nothing to compare, as for -D."""

    LOADED = "loaded"
    MISSING = "missing"
    REJECTED = "rejected"
    UNREACHED = "unreached"
    DELETED = "deleted"
    OVERRIDDEN = "overridden"
    UNKNOWN = "unknown"
    PERSISTENT = "persistent"
    RUNTIME = "runtime"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class LineState:
    """The state of one line, and the reason for it."""

    state: RuleState
    reason: str = ""


# The states without a reason, shared by most lines of a host.
PLAIN: Mapping[RuleState, LineState] = {state: LineState(state) for state in RuleState}
NOTHING = PLAIN[RuleState.NOTHING]
NOT_READ = "augenrules does not read this file"
SWALLOWED = "augenrules joins this line to the comment that ends the file before, which has no newline"

# The state of a line by its result in the load alone, whatever the kernel has.
DECIDED = {
    LoadResult.REJECTED: RuleState.REJECTED,
    LoadResult.UNREACHED: RuleState.UNREACHED,
    LoadResult.DELETED: RuleState.DELETED,
    LoadResult.OVERRIDDEN: RuleState.OVERRIDDEN,
    LoadResult.DONE: RuleState.NOTHING,
}

# The control flags that set a value, and the place of the value in the kernel's status.
SHOWN: Mapping[str, Callable[[AuditStatus], int | None]] = {
    "-e": lambda status: status.enabled,
    "-f": lambda status: status.failure,
    "-b": lambda status: status.backlog_limit,
    "-r": lambda status: status.rate_limit,
    "--backlog_wait_time": lambda status: status.backlog_wait_time,
    "--loginuid-immutable": lambda status: status.loginuid_immutable,
}


class LoadedRules:
    """A kernel's rules, to look one up. `understood` is false if some line is no known rule: it might be any rule."""

    def __init__(self, lines: Iterable[ListedLine], facts: Facts, *, exact: bool) -> None:
        self._lines = tuple(lines)
        self._facts = facts
        self._exact = exact
        self.understood = all(line.rule is not None for line in self._lines)

    def hold(self, rule: Rule) -> bool:
        """Whether the kernel has the rule: exactly, or if there is only a listing, a line that this rule would list."""
        if not self._lines:
            return False
        if rule in self._held or any(same(rule, other) for other in self._rules.get(rule.alike, ())):
            return True
        return not self._exact and listed(rule, self._facts.version, self._facts.machine) in self._texts

    @cached_property
    def _held(self) -> frozenset[Rule]:
        """The exact rules, which answer nearly every lookup at once."""
        return frozenset(line.rule for line in self._lines if line.rule is not None)

    @cached_property
    def _rules(self) -> Mapping[Hashable, list[Rule]]:
        found: dict[Hashable, list[Rule]] = {}
        for line in self._lines:
            if line.rule is not None:
                found.setdefault(line.rule.alike, []).append(line.rule)
        return found

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(line.text for line in self._lines)


class Drift:
    """The state of each rule of the kernel and of each line of the rules files; `unknown` if it can't be told."""

    def __init__(self, reading: KernelAnswer, files: RulesFiles, boot: Boot) -> None:
        self.reading = reading
        self.files = files
        self._boot = boot

    @cached_property
    def rules(self) -> tuple[Rule | None, ...]:
        """The kernel's rules in the order of evaluation, as `actual_rules` says; None for a line that is no rule."""
        return actual_rules(self.reading, self.files)

    @cached_property
    def of_kernel(self) -> tuple[LineState, ...]:
        """The state of each rule of the kernel: whether it comes back after a reboot."""
        loaded = self._boot.loaded
        facts = self.files.facts
        boot = LoadedRules([ListedLine("", rule) for rule in loaded.rules], facts, exact=True) if loaded else None
        return tuple(NOTHING if rule is None else kernel_state(rule, boot) for rule in self.rules)

    @cached_property
    def of_files(self) -> tuple[LineState, ...]:
        """The state of each line of the rules files, in the order of `RulesFiles.lines`."""
        return tuple(map(self._of_line, self.files.lines))

    def _of_line(self, line: FileLine) -> LineState:
        if line.number is None:
            return NOTHING
        if line.source == AUDIT_RULES:
            return self._audit_rules[line.number]
        origin = LineOrigin(line.path.rpartition("/")[2], line.number)
        return self._rules_d.states.get(origin) or self._of_rule(line.rule, origin)

    def _of_rule(self, rule: Rule | None, origin: LineOrigin) -> LineState:
        """The state of a line of rules.d that augenrules leaves out, or may leave out."""
        found = NOTHING if rule is None else rule_state(rule, self._kernel)
        if found.state is RuleState.LOADED:
            return found
        if self._rules_d.error:
            return LineState(RuleState.UNKNOWN, self._rules_d.error)
        return found if rule is None else LineState(found.state, self._rules_d.why(origin))

    @cached_property
    def _kernel(self) -> LoadedRules | None:
        lines = self.reading.lines
        return None if lines is None else LoadedRules(lines, self.files.facts, exact=self.reading.exact)

    @cached_property
    def _audit_rules(self) -> Mapping[int, LineState]:
        """The state of each line of audit.rules, by its number."""
        loaded = self.files.audit_rules
        if loaded is None:
            return {}
        states = self._as_loaded
        if self.files.refusal is None:
            return states
        refused = LineState(RuleState.UNREACHED, f"auditctl does not read this file: it takes {self.files.refusal}")
        return {
            number: refused if found.state in (RuleState.MISSING, RuleState.NOTHING) else found
            for number, found in states.items()
        }

    @cached_property
    def _as_loaded(self) -> Mapping[int, LineState]:
        """As `_audit_rules`, if auditctl reads the file at all."""
        loaded = self.files.audit_rules
        return {} if loaded is None else self._numbered(loaded)

    def _numbered(self, loaded: LoadedFile) -> Mapping[int, LineState]:
        """The state of each line of a file, by its number."""
        return {line.number: state for line, state in file_states(loaded, self._kernel, self.reading.status)}

    @cached_property
    def _rules_d(self) -> _Merging:
        try:
            merged = self.files.merged()
        except UndeterminedError as error:
            return _Merging(error=str(error))
        if merged is None:
            return _Merging()
        loaded = self.files.load(merged.content)
        return _Merging(
            # Mostly audit.rules is what augenrules makes of rules.d, and was loaded as it is.
            merged_states(merged, self._as_loaded if loaded is self.files.audit_rules else self._numbered(loaded)),
            frozenset(each.origin for each in merged.became if each.treatment is Treatment.DROPPED),
        )


@dataclass(frozen=True, slots=True)
class _Merging:
    """The states of the lines of rules.d that augenrules merges, the lines that it drops, or why both are not known."""

    states: Mapping[LineOrigin, LineState] = field(default_factory=dict)
    dropped: frozenset[LineOrigin] = frozenset()
    error: str = ""

    def why(self, origin: LineOrigin) -> str:
        """Why augenrules does not merge a line."""
        return SWALLOWED if origin in self.dropped else NOT_READ


def file_states(
    loaded: LoadedFile, rules: LoadedRules | None, status: AuditStatus
) -> Iterator[tuple[LoadedLine, LineState]]:
    """The state of each line of a loaded file. `rules` are the kernel's, None if they are not known."""
    behind = [
        line.parsed.rule
        for line in loaded.lines
        if line.result is LoadResult.UNREACHED and line.parsed and line.parsed.rule
    ]
    # If the kernel has a rule from below the line at which a load would stop now, the last load did not stop there.
    load_continued = not behind or (rules is not None and any(map(rules.hold, behind)))
    stop = next((line.text for line in loaded.lines if line.number == loaded.stopped_at), "")
    for line in loaded.lines:
        found = _state(line, rules, status, load_continued=load_continued)
        if found.state is RuleState.UNREACHED:
            found = LineState(RuleState.UNREACHED, f"the load stops at a line before it: {stop}")
        yield line, found


def _state(line: LoadedLine, rules: LoadedRules | None, status: AuditStatus, *, load_continued: bool) -> LineState:
    parsed = line.parsed
    if parsed is not None and parsed.rule is not None and parsed.verb is not Verb.DELETE:
        if line.result is LoadResult.UNREACHED and rules is not None and rules.hold(parsed.rule):
            return LineState(RuleState.LOADED, "a load would stop before this line now")
        if line.absent and load_continued and (rules is None or not rules.hold(parsed.rule)):
            # The directory is gone, and the kernel dropped the rule with it.
            return LineState(RuleState.UNKNOWN if rules is None else RuleState.MISSING, line.reason)
    if line.result in DECIDED and not (
        line.result is LoadResult.DONE and parsed is not None and _lasting(parsed.controls)
    ):
        return LineState(DECIDED[line.result], line.reason) if line.reason else PLAIN[DECIDED[line.result]]
    if parsed is not None and parsed.rule is not None and parsed.verb is not Verb.DELETE:
        return rule_state(parsed.rule, rules)
    found = [_value_state(control, rules, status) for control in _lasting(parsed.controls if parsed else ())]
    worst = [each for each in found if each.state is not RuleState.LOADED]
    return worst[0] if worst else PLAIN[RuleState.LOADED]


def rule_state(rule: Rule, rules: LoadedRules | None) -> LineState:
    """Whether the kernel has a rule that auditctl would load."""
    if rules is None:
        return LineState(RuleState.UNKNOWN, "the kernel's rules are not known")
    if rules.hold(rule):
        return PLAIN[RuleState.LOADED]
    if not rules.understood:
        return LineState(RuleState.UNKNOWN, "a rule of the kernel is not understood")
    return LineState(RuleState.MISSING, "auditctl takes this line, and the kernel does not have its rule")


def _lasting(controls: Iterable[ControlFlag]) -> list[ControlFlag]:
    return [control for control in controls if control.flag in SHOWN]


def _value_state(control: ControlFlag, rules: LoadedRules | None, status: AuditStatus) -> LineState:
    wanted = word(strtol(control.value, signed=False)) if control.value else 1
    found = SHOWN[control.flag](status)
    if found is None:
        return LineState(
            RuleState.UNKNOWN, "the kernel's status is not known" if rules is None else "not part of the status"
        )
    if found == wanted:
        return PLAIN[RuleState.LOADED]
    return LineState(RuleState.MISSING, f"the kernel has {found}")


def merged_states(merged: MergedRules, states: Mapping[int, LineState]) -> dict[LineOrigin, LineState]:
    """The state of each line of rules.d, from the states (by line number) of the file that augenrules writes."""
    found: dict[LineOrigin, LineState] = {}
    for line in merged.lines:
        for state in filter(None, map(states.get, line.numbers)):
            for origin in line.origins:
                found.setdefault(origin, state)
    for became in merged.became:
        if became.treatment is Treatment.REPLACED:
            found[became.origin] = LineState(RuleState.OVERRIDDEN, "augenrules keeps the last line of its kind")
    return found


def kernel_state(rule: Rule, boot: LoadedRules | None) -> LineState:
    """Whether a rule of the kernel comes back after a reboot. `boot` are the rules that boot loads, None if unknown."""
    if boot is None:
        return PLAIN[RuleState.UNKNOWN]
    return PLAIN[RuleState.PERSISTENT if boot.hold(rule) else RuleState.RUNTIME]
