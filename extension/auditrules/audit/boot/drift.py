"""Where rules files and the kernel differ, line by line, and why.

A line of a file is judged by what `auditctl -R` would make of it there, and by whether the kernel holds what it leaves
behind; a rule of the kernel by whether boot would load it again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.parse_listing import ListedLine
from auditrules.audit.auditctl.status import Status
from auditrules.audit.boot.augenrules import Merged, Origin, Treatment
from auditrules.audit.boot.load import Fate, Fated, Loaded, but_for_path
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Control, Rule, Verb, same


class State(str, Enum):
    """How file and kernel agree; `NOTHING` is said of a line that leaves nothing to look for."""

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
class Stand:
    """The state of one line, and why it is no better."""

    state: State
    reason: str = ""


# What a line of a file comes to where the load alone decides.
DECIDED = {
    Fate.REJECTED: State.REJECTED,
    Fate.UNREACHED: State.UNREACHED,
    Fate.DELETED: State.DELETED,
    Fate.OVERRIDDEN: State.OVERRIDDEN,
    Fate.DONE: State.NOTHING,
}

# A control that sets a value, and where auditctl -s shows it.
SHOWN: Mapping[str, Callable[[Status], int | None]] = {
    "-e": lambda status: status.enabled,
    "-f": lambda status: status.failure,
    "-b": lambda status: status.backlog_limit,
    "-r": lambda status: status.rate_limit,
    "--backlog_wait_time": lambda status: status.backlog_wait_time,
    "--loginuid-immutable": lambda status: status.loginuid_immutable,
}


class Rules:
    """The kernel's rules, to look one up. A line that is not understood makes every absence unknown."""

    def __init__(self, lines: Iterable[ListedLine], facts: Facts, *, exact: bool) -> None:
        self._lines = tuple(lines)
        self._facts = facts
        self._exact = exact
        self.understood = all(line.rule is not None for line in self._lines)

    def hold(self, rule: Rule) -> bool:
        """Whether the kernel has the rule: by its bytes, or where there is only a listing, by a line that fits it."""
        if not self._lines:
            return False
        if any(same(rule, other) for other in self._rules.get(but_for_path(rule), ())):
            return True
        return not self._exact and listed(rule, self._facts.version, self._facts.machine) in self._texts

    @cached_property
    def _rules(self) -> Mapping[Hashable, list[Rule]]:
        found: dict[Hashable, list[Rule]] = {}
        for line in self._lines:
            if line.rule is not None:
                found.setdefault(but_for_path(line.rule), []).append(line.rule)
        return found

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(line.text for line in self._lines)


def file_stands(loaded: Loaded, rules: Rules | None, status: Status) -> Iterator[tuple[Fated, Stand]]:
    """The state of each line of a file that says something. `rules` is None where the kernel's are not known."""
    behind = [line.said.rule for line in loaded.lines if line.fate is Fate.UNREACHED and line.said and line.said.rule]
    # Rules that are loaded behind a line at which a load would stop: it did not stop there when they were loaded.
    went_on = not behind or (rules is not None and any(map(rules.hold, behind)))
    stop = next((line.text for line in loaded.lines if line.number == loaded.stopped_at), "")
    for line in loaded.lines:
        stand = _stand(line, rules, status, went_on=went_on)
        if stand.state is State.UNREACHED:
            stand = Stand(State.UNREACHED, f"the load stops at a line before it: {stop}")
        yield line, stand


def _stand(line: Fated, rules: Rules | None, status: Status, *, went_on: bool) -> Stand:
    said = line.said
    if said is not None and said.rule is not None and said.verb is not Verb.DELETE:
        if line.fate is Fate.UNREACHED and rules is not None and rules.hold(said.rule):
            return Stand(State.LOADED, "a load would stop before this line now")
        if line.absent and went_on and (rules is None or not rules.hold(said.rule)):
            # The directory is gone, and the kernel dropped the rule with it.
            return Stand(State.UNKNOWN if rules is None else State.MISSING, line.reason)
    if line.fate in DECIDED and not (line.fate is Fate.DONE and said is not None and _lasting(said.controls)):
        return Stand(DECIDED[line.fate], line.reason)
    if said is not None and said.rule is not None and said.verb is not Verb.DELETE:
        return rule_stand(said.rule, rules)
    stands = [_value_stand(control, rules, status) for control in _lasting(said.controls if said else ())]
    worst = [stand for stand in stands if stand.state is not State.LOADED]
    return worst[0] if worst else Stand(State.LOADED)


def rule_stand(rule: Rule, rules: Rules | None) -> Stand:
    """Whether the kernel has a rule that auditctl would load."""
    if rules is None:
        return Stand(State.UNKNOWN, "the kernel's rules are not known")
    if rules.hold(rule):
        return Stand(State.LOADED)
    if not rules.understood:
        return Stand(State.UNKNOWN, "a rule of the kernel is not understood")
    return Stand(State.MISSING, "auditctl takes this line, and the kernel does not have its rule")


def _lasting(controls: Iterable[Control]) -> list[Control]:
    return [control for control in controls if control.flag in SHOWN]


def _value_stand(control: Control, rules: Rules | None, status: Status) -> Stand:
    wanted = word(strtol(control.value, signed=False)) if control.value else 1
    found = SHOWN[control.flag](status)
    if found is None:
        return Stand(State.UNKNOWN, "the kernel's status is not known" if rules is None else "not part of the status")
    if found == wanted:
        return Stand(State.LOADED)
    return Stand(State.MISSING, f"the kernel has {found}")


def merged_stands(merged: Merged, loaded: Loaded, rules: Rules | None, status: Status) -> dict[Origin, Stand]:
    """The state of each line of rules.d, by way of what augenrules makes of them all."""
    found: dict[Origin, Stand] = {}
    by_number = {line.number: stand for line, stand in file_stands(loaded, rules, status)}
    for number, stand in by_number.items():
        for origin in merged.at(number).origins:
            found.setdefault(origin, stand)
    for became in merged.became:
        if became.treatment is Treatment.REPLACED:
            found[became.origin] = Stand(State.OVERRIDDEN, "augenrules keeps the last line of its kind")
    return found


def kernel_stand(rule: Rule, boot: Rules | None) -> Stand:
    """Whether a rule of the kernel comes back after a reboot; `boot` are the rules that boot loads, None: not known."""
    if boot is None:
        return Stand(State.UNKNOWN)
    return Stand(State.PERSISTENT if boot.hold(rule) else State.RUNTIME)
