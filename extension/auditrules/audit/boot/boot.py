"""Simulates the next boot: which rules file auditctl loads, which rules the kernel then has, and if auditing is on."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from auditrules.audit.auditctl.status import LOCKED
from auditrules.audit.boot.auditd_conf import AuditdConf
from auditrules.audit.boot.augenrules import AUDIT_RULES, MergedRules, result_of, understands
from auditrules.audit.boot.boot_loader import next_command_line
from auditrules.audit.boot.kernel_command_line import UNSAID, KernelCommandLine, enabled_by, switched_off
from auditrules.audit.boot.load import LoadedFile
from auditrules.audit.boot.rules_files import RulesFiles
from auditrules.audit.boot.startup import NEEDS, BootPlan, Loader, StartedUnit, plan
from auditrules.audit.boot.systemd import UndeterminedError
from auditrules.audit.boot.unit_commands import RunAuditctl, RunAugenrules, StartAuditd
from auditrules.audit.filesystem.sandbox import NO_SANDBOX, Sandbox
from auditrules.audit.model.collected import File, TriedRulesText
from auditrules.audit.model.rule import ControlFlag
from auditrules.values import dataclass, field, replace

TRIED = "as if these rules were what boot loads"


@dataclass(frozen=True, slots=True)
class Boot:
    """The result of a boot.

    `loaded` are the rules, None if they are not known. `reason` says why this loader loads them, or why they are not
    known. `assumed` means that no unit was found, only the programs that load rules. `content` is what `auditctl -R`
    reads, None if it reads nothing; `merged` has the origins of its lines if augenrules wrote it. `enabled` is as in
    `auditctl -s` (0, 1, 2), None if it is not known. `command_line` is the kernel's.
    """

    loader: Loader
    reason: str
    assumed: bool = False
    problem: str = ""  # what keeps units from starting, or auditctl from reading the rules
    enabled: int | None = None
    content: bytes | None = None
    merged: MergedRules | None = None
    loaded: LoadedFile | None = None
    command_line: KernelCommandLine = field(default=UNSAID, compare=False)
    sandbox: Sandbox = NO_SANDBOX  # in which the rules are loaded

    @property
    def enabled_unknown(self) -> str:
        """A sentence for the case that `enabled` is not known, with a remark on the kernel's command line if any."""
        remark = self.command_line.remark
        return f"whether auditing is on after boot is not known{f': {remark}' if remark else ''}"


def boot(files: RulesFiles, conf: AuditdConf) -> Boot:
    """Simulate the next boot of the host with these files. Never raises: what is not known is None, with the reason."""
    collected = files.collected
    line = next_command_line(collected.boot_files, collected.cmdline)
    if collected.tried is not None:
        return replace(_tried(files, collected.tried, line), command_line=line)
    ways = dict.fromkeys((plan(collected, words, line.source), enabled_by(words)) for words in line.possible)
    return replace(_common_result([_booted(files, conf, *way) for way in ways], line), command_line=line)


def _tried(files: RulesFiles, tried: TriedRulesText, line: KernelCommandLine) -> Boot:
    """A boot that loads the rules to try, whatever starts it, in the sandbox of the host's units.

    It is assumed that auditd switches auditing on.
    """
    loaded = files.load_in(files.loaders_sandbox, tried.content)
    wanted = int(loaded.values.get("-e", "1"))
    off = {switched_off(words) for words in line.possible}
    enabled = wanted if off <= {False} else 0 if off == {True} or not wanted else None
    return Boot(
        Loader.AUDITCTL,
        TRIED,
        enabled=enabled,
        content=tried.content,
        loaded=loaded,
        sandbox=files.loaders_sandbox,
    )


def _common_result(boots: Sequence[Boot], line: KernelCommandLine) -> Boot:
    """The result that all boots have, one for each possible command line of the kernel; unknown if they differ."""
    first = boots[0]
    unknown = next((each for each in boots if each.loaded is None), None)
    if unknown is not None:
        return unknown
    if any(each.loaded and first.loaded and each.loaded.rules != first.loaded.rules for each in boots):
        return Boot(Loader.UNKNOWN, line.remark or f"{line.source} may tell the kernel to audit, or not to")
    enabled = {each.enabled for each in boots}
    return first if len(enabled) == 1 else replace(first, enabled=None)


def _booted(files: RulesFiles, conf: AuditdConf, planned: BootPlan, enabled: int | None) -> Boot:
    rules_unknown = Boot(planned.loader, planned.reason, planned.assumed)
    if planned.loader is Loader.UNKNOWN:
        return rules_unknown
    try:
        ends = [_Machine(files, conf, enabled).start_all(order) for order in _orders(planned.starts)]
    except UndeterminedError as error:
        return replace(rules_unknown, reason=str(error))
    end = ends[0]
    if any((other.content, other.loaded) != (end.content, end.loaded) for other in ends):
        return replace(
            rules_unknown, reason="units that load rules start in no certain order, and the rules depend on it"
        )
    states = {each.enabled for each in ends}
    return replace(
        rules_unknown,
        reason="; ".join((planned.reason, *end.not_started)),
        problem="; ".join(end.not_started),
        enabled=states.pop() if len(states) == 1 else None,
        content=end.content,
        merged=end.merged if end.content is not None else None,
        loaded=end.loaded or files.load(b""),
        sandbox=end.sandbox.on(files.facts),
    )


def _orders(starts: Sequence[StartedUnit]) -> list[tuple[StartedUnit, ...]]:
    """The orders in which systemd may start the units."""
    orders = [
        order
        for order in permutations(starts)
        if not any(one.starts_after(other) for index, one in enumerate(order) for other in order[index + 1 :])
    ]
    if not orders:
        raise UndeterminedError("the units that load rules wait for each other")
    return orders


@dataclass(slots=True)
class _Machine:
    """A host that boots: its audit.rules and its kernel's state, changed by one unit after the other."""

    files: RulesFiles
    conf: AuditdConf
    enabled: int | None = None
    content: bytes | None = None
    merged: MergedRules | None = None
    loaded: LoadedFile | None = None
    sandbox: Sandbox = NO_SANDBOX
    not_started: list[str] = field(default_factory=list)  # a sentence for each unit, and for a file that is not read
    _audit_rules: File | None = field(init=False)
    _refusal: str | None = field(init=False)

    def __post_init__(self) -> None:
        self._audit_rules = self.files.collected.audit_rules
        self._refusal = self.files.refusal if self._audit_rules else "a file that is there"

    def start_all(self, order: Sequence[StartedUnit]) -> _Machine:
        """Start units in this order, and return itself. A unit whose needed predecessor failed is not started."""
        failed: list[StartedUnit] = []
        for start in order:
            needed = {name for key in NEEDS for name in start.unit.names(key)}
            names = [other.unit.name for other in failed if other.unit.name in needed and start.starts_after(other)]
            if names:
                self.not_started.append(f"{start.unit.name} does not start, as {names[0]} fails")
            if names or not self._start(start):
                failed.append(start)
        return self

    def _start(self, start: StartedUnit) -> bool:
        return all(self._run(step.run, step.sandbox) or step.ignored for step in start.steps)

    def _run(self, command: RunAugenrules | RunAuditctl | StartAuditd, sandbox: Sandbox) -> bool:
        """Run a unit's command, and return whether it succeeds."""
        match command:
            case RunAugenrules():
                return self._run_augenrules(command, sandbox)
            case RunAuditctl():
                return self._run_auditctl(command.path, sandbox)
            case StartAuditd():
                self._start_auditd(command.startup)
                return True

    def _start_auditd(self, startup: str) -> None:
        """Set `enabled` as auditd does, unless it is locked or auditd only collects the records of other hosts."""
        local = [each.value.lower() for each in self.conf.settings if each.name.lower() == "local_events"]
        if self.enabled != LOCKED and local[-1:] != ["no"] and startup != "nochange":
            self.enabled = {"enable": 1, "disable": 0}.get(startup)

    def _run_augenrules(self, run: RunAugenrules, sandbox: Sandbox) -> bool:
        existing = self._audit_rules.content if self._audit_rules else None
        there = self.files.printed() is not None
        done = result_of(run.arguments, self.files.merged() if there and understands(run.arguments) else None, existing)
        if done.merged is not None and done.content == done.merged.content:
            if done.written:
                self._audit_rules, self._refusal = File(AUDIT_RULES, done.content), None
            self.merged = done.merged
        loaded = self._run_auditctl(AUDIT_RULES, sandbox) if done.loads else True
        return loaded if done.returncode is None else done.returncode == 0

    def _run_auditctl(self, path: str, sandbox: Sandbox) -> bool:
        if path != AUDIT_RULES:
            raise UndeterminedError(f"boot loads rules from {path}, which is not looked at")
        if sandbox.hides(path) is not False:
            raise UndeterminedError(f"what loads the rules may not see {path}")
        file = self._audit_rules
        if file is not None and file.content is None:
            raise UndeterminedError(f"{path}: {file.error}")
        if self._refusal is not None:
            self.not_started.append(f"auditctl does not read {path}: it takes {self._refusal}")
        content = file.content if file and self._refusal is None else None
        if self.loaded is not None and content != self.content:
            raise UndeterminedError(f"boot loads rules from {path} more than once, and it changes in between")
        self.content = content
        self.sandbox = sandbox
        self.loaded = self.files.load_in(sandbox, content or b"")
        if "-e" in self.loaded.values:
            self.enabled = int(self.loaded.values["-e"])
        return content is not None and succeeds(self.loaded)


def succeeds(loaded: LoadedFile) -> bool:
    """Whether `auditctl -R` exits with 0. It does not if an error stops the load, or comes after a line with -c."""
    for line in loaded.lines:
        if line.parsed is not None and ControlFlag("-c") in line.parsed.controls:
            return loaded.stopped_at is None and all(number <= line.number for number, _ in loaded.refused)
    return loaded.stopped_at is None
