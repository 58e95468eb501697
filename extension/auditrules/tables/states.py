"""How files and kernel agree, for each line of both: what the `state` column shows."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditrules.audit.auditctl.parse_listing import ListedLine
from auditrules.audit.auditctl.status import Reading
from auditrules.audit.boot.augenrules import Origin, Treatment
from auditrules.audit.boot.boot import boot, merged
from auditrules.audit.boot.drift import Rules, Stand, State, file_stands, kernel_stand, merged_stands, rule_stand
from auditrules.audit.boot.load import Loaded, load, refusal_of
from auditrules.audit.boot.systemd import UntoldError
from auditrules.audit.kernel.interpret import READER as NETLINK
from auditrules.audit.model.collected import Sources
from auditrules.audit.model.rule import Rule

NOT_READ = "augenrules does not read this file"
SWALLOWED = "augenrules joins this line to the comment that ends the file before, which has no newline"


@dataclass(slots=True)
class States:
    """The states of one host's lines. Nothing here fails: what can't be told is `unknown`, with the reason."""

    sources: Sources
    reading: Reading
    audit_rules: Loaded | None = field(init=False)  # None: there is no such file, or it can't be read
    _kernel: Rules | None = field(init=False)
    _boot: Rules | None = field(init=False)
    _loads: dict[bytes, Loaded] = field(init=False, default_factory=dict)
    _in_order: dict[Origin, Stand] = field(init=False)
    _in_audit_rules: dict[int, Stand] = field(init=False)
    _untold: str = field(init=False, default="")
    _refused: str = field(init=False, default="")
    _swallowed: frozenset[Origin] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        facts, lines = self.sources.facts, self.reading.lines
        self._kernel = None if lines is None else Rules(lines, facts, exact=self.reading.reader == NETLINK)
        booted = boot(self.sources)
        self._boot = None
        if booted.loaded is not None:
            self._boot = Rules([ListedLine("", rule) for rule in booted.loaded.rules], facts, exact=True)
            self._loads[booted.content or b""] = booted.loaded
        file = self.sources.audit_rules
        self._refused = (refusal_of(file, facts.version) if file else None) or ""
        self.audit_rules = self._load(file.content) if file and file.content is not None else None
        self._in_audit_rules = self._audit_rules()
        self._in_order = self._rules_d()

    def _load(self, content: bytes) -> Loaded:
        """Load a rules file once: on most hosts boot reads the very bytes of audit.rules and of rules.d merged."""
        if content not in self._loads:
            self._loads[content] = load(content, self.sources.facts)
        return self._loads[content]

    def _audit_rules(self) -> dict[int, Stand]:
        if self.audit_rules is None:
            return {}
        return {line.number: stand for line, stand in file_stands(self.audit_rules, self._kernel, self.reading.status)}

    def _rules_d(self) -> dict[Origin, Stand]:
        try:
            made = merged(self.sources)
        except UntoldError as error:
            self._untold = str(error)
            return {}
        if made is None:
            return {}
        self._swallowed = frozenset(each.origin for each in made.became if each.treatment is Treatment.DROPPED)
        return merged_stands(made, self._load(made.content), self._kernel, self.reading.status)

    def of_audit_rules(self, number: int) -> Stand:
        """The state of a line of audit.rules."""
        stand = self._in_audit_rules[number]
        if self._refused and stand.state in (State.MISSING, State.NOTHING):
            return Stand(State.UNREACHED, f"auditctl does not read this file: it takes {self._refused}")
        return stand

    def of_rules_d(self, name: str, number: int, rule: Rule | None) -> Stand:
        """The state of a line of a file of rules.d; `rule` is what it says, for a file that augenrules leaves out."""
        stand = self._in_order.get(Origin(name, number))
        if stand is not None:
            return stand
        if rule is not None:
            alone = rule_stand(rule, self._kernel)
            why = self._untold or (SWALLOWED if Origin(name, number) in self._swallowed else NOT_READ)
            return alone if alone.state is State.LOADED else Stand(State.UNKNOWN if self._untold else alone.state, why)
        return Stand(State.UNKNOWN, self._untold) if self._untold else Stand(State.NOTHING)

    def of_kernel(self, rule: Rule) -> Stand:
        """Whether a rule of the kernel comes back after a reboot."""
        return kernel_stand(rule, self._boot)
