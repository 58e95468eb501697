"""How files and kernel agree, for each line of both: what the `state` column shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditrules.audit.augenrules import Origin
from auditrules.audit.boot import boot, merged
from auditrules.audit.drift import Rules, Stand, State, file_stands, kernel_stand, merged_stands, rule_stand
from auditrules.audit.load import load
from auditrules.audit.reading import READER as NETLINK
from auditrules.audit.rule import Rule
from auditrules.audit.sources import Sources
from auditrules.audit.status import ListedLine, Reading
from auditrules.audit.systemd import UntoldError


@dataclass(slots=True)
class States:
    """The states of one host's lines. Nothing here fails: what can't be told is `unknown`, with the reason."""

    sources: Sources
    reading: Reading
    _kernel: Rules | None = field(init=False)
    _boot: Rules | None = field(init=False)
    _in_order: dict[Origin, Stand] = field(init=False)
    _in_audit_rules: dict[int, Stand] = field(init=False)
    _untold: str = field(init=False, default="")

    def __post_init__(self) -> None:
        facts, lines = self.sources.facts, self.reading.lines
        self._kernel = None if lines is None else Rules(lines, facts, exact=self.reading.reader == NETLINK)
        loaded = boot(self.sources).loaded
        self._boot = None
        if loaded is not None:
            self._boot = Rules([ListedLine("", rule) for rule in loaded.rules], facts, exact=True)
        self._in_audit_rules = self._audit_rules()
        self._in_order = self._rules_d()

    def _audit_rules(self) -> dict[int, Stand]:
        file = self.sources.audit_rules
        if file is None or file.content is None:
            return {}
        loaded = load(file.content, self.sources.facts)
        return {line.number: stand for line, stand in file_stands(loaded, self._kernel, self.reading.status)}

    def _rules_d(self) -> dict[Origin, Stand]:
        try:
            made = merged(self.sources)
        except UntoldError as error:
            self._untold = str(error)
            return {}
        if made is None:
            return {}
        loaded = load(made.content, self.sources.facts)
        return merged_stands(made, loaded, self._kernel, self.reading.status)

    def of_audit_rules(self, number: int) -> Stand:
        """The state of a line of audit.rules."""
        return self._in_audit_rules[number]

    def of_rules_d(self, name: str, number: int, rule: Rule | None) -> Stand:
        """The state of a line of a file of rules.d; `rule` is what it says, for a file that augenrules leaves out."""
        stand = self._in_order.get(Origin(name, number))
        if stand is not None:
            return stand
        if rule is not None:
            alone = rule_stand(rule, self._kernel)
            why = self._untold or "augenrules does not read this file"
            return alone if alone.state is State.LOADED else Stand(State.UNKNOWN if self._untold else alone.state, why)
        return Stand(State.UNKNOWN, self._untold) if self._untold else Stand(State.NOTHING)

    def of_kernel(self, rule: Rule) -> Stand:
        """Whether a rule of the kernel comes back after a reboot."""
        return kernel_stand(rule, self._boot)
