"""HostAudit: everything the project derives about auditing on one host, from one collection of that host.

Tables, checks and commands read its properties: the kernel's rules and status, the rules files, the next boot, drift,
coverage. Each property is computed once, on first use. The HostAudit of a later collection reuses each result whose
inputs are unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar, cast

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.boot.auditd_conf import AuditdConf, read_conf
from auditrules.audit.boot.boot import Boot, boot
from auditrules.audit.boot.drift import Drift
from auditrules.audit.boot.kernel_command_line import audit_option, cmdline_of
from auditrules.audit.boot.load import refusal_of
from auditrules.audit.boot.rules_files import RulesFiles
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.kernel.interpret import interpret_answer, listed_lines, without_counters
from auditrules.audit.model.collected import Kernel, Sources
from auditrules.audit.model.host_facts import Entry
from auditrules.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:  # half of all code is needed for coverage alone, and imported with the first query for it
    from auditrules.audit.coverage.asked_answer import AskedAnswer
    from auditrules.audit.coverage.asked_rule import AskedPath, AskedRule
    from auditrules.audit.coverage.rule_source import PathAnswer
    from auditrules.audit.coverage.syscall_answer import SyscallAnswer
    from auditrules.audit.host_coverage import HostCoverage
    from auditrules.audit.rule_sets import RuleSets

NOTHING_SEEN: Mapping[str, Entry] = MappingProxyType({})

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Results:
    """The last result of each of some pure functions, reused while the function's inputs stay equal."""

    def __init__(self, known: Results | None = None) -> None:
        self.last: dict[object, tuple[tuple[object, ...], Any]] = dict(known.last) if known else {}

    def __call__(self, make: Callable[_P, _T], *inputs: _P.args, **named: _P.kwargs) -> _T:
        """Return the function's result for these inputs. It is called only if they differ from the last ones."""
        last_inputs, value = self.last.get(make, (None, None))
        if last_inputs != inputs:
            value = make(*inputs, **named)
        self.last[make] = (inputs, value)
        return cast("_T", value)

    def with_earlier(self, make: Callable[..., _T], *inputs: object) -> _T:
        """As a call, but `make` also gets its last result as `earlier`, and may reuse parts of it."""
        _, value = self.last.get(make, (None, None))
        return self(make, *inputs, earlier=value)


class HostAudit:
    """One host: what was collected of it, and all that follows. `earlier` is the same host, collected before.

    `configured` is the part of the collection that decides what the next boot does.
    """

    def __init__(self, collected: Sources, earlier: HostAudit | None = None) -> None:
        self.results: Results = Results(earlier.results if earlier else None)
        self._refusal = refusal_of(collected.audit_rules, collected.facts.version) if collected.audit_rules else None
        # Mounts change with each container, and the kernel's counters with each record: no rule depends on either.
        facts = replace(collected.facts, mounts=None)
        configured = replace(collected, kernel=Kernel("none"), consumer="", auditctl_version="", facts=facts)
        self._kernel = without_counters(collected.kernel)
        self.configured: Sources = earlier.configured if earlier and earlier.configured == configured else configured
        # What is equal is held once. Equal files may still differ in mode, owner and time, so those are taken anew.
        self.collected = replace(
            self.configured,
            audit_rules=collected.audit_rules,
            auditd_conf=collected.auditd_conf,
            kernel=collected.kernel,
            consumer=collected.consumer,
            auditctl_version=collected.auditctl_version,
            facts=replace(self.configured.facts, mounts=collected.facts.mounts),
        )

    @cached_property
    def kernel(self) -> KernelAnswer:
        """The kernel's answer: rules and status, or why they are not known."""
        return interpret_answer(self.collected.kernel, self.configured.facts, self._kernel_without_counters.lines)

    @property
    def _kernel_without_counters(self) -> KernelAnswer:
        """The kernel's answer without its counters, which change all the time."""
        facts, answer = self.configured.facts, self._kernel.netlink
        lines = None
        if answer is not None and answer.rules is not None:
            lines = self.results(listed_lines, answer.rules, facts.version, facts.machine)
        return self.results(interpret_answer, self._kernel, facts, lines)

    @property
    def conf(self) -> AuditdConf:
        """The settings of auditd.conf."""
        return self.results(read_conf, self.configured.auditd_conf)

    @property
    def files(self) -> RulesFiles:
        """The rules files: their lines, merged and loaded."""
        return self.results.with_earlier(RulesFiles, self.configured, self._refusal)

    @property
    def boot(self) -> Boot:
        """What the next boot loads."""
        return self.results(boot, self.files, self.conf)

    @property
    def boot_audit(self) -> str:
        """The value of audit= on the kernel's command line of this boot; empty if there is none."""
        return audit_option(cmdline_of(self.configured))

    @property
    def drift(self) -> Drift:
        """The state of each rule of the kernel and of each line of the rules files: such as loaded or missing."""
        return self.results(Drift, self._kernel_without_counters, self.files, self.boot)

    @property
    def rule_sets(self) -> RuleSets:
        """The rules in force now and after the next boot, each with the inodes that it watches."""
        from auditrules.audit.rule_sets import RuleSets  # noqa: PLC0415 - as above

        file = self.collected.audit_rules
        changed = file.changed if file else None
        return self.results.with_earlier(RuleSets, self.drift, self.boot, self.collected.facts, changed)

    @property
    def _coverage(self) -> HostCoverage:
        from auditrules.audit.host_coverage import HostCoverage  # noqa: PLC0415 - as above

        return self.results.with_earlier(HostCoverage, self.rule_sets)

    def coverage(self, path: str, source: str, seen: Mapping[str, Entry]) -> PathAnswer:
        """Which accesses to a path are recorded now (source `kernel`) or after the next boot (`boot`).

        `seen` are the file system entries at the path and at each step of the way there, as they are now. The answer is
        kept until the rules change, or an entry or mount that it depends on.
        """
        from auditrules.audit.coverage.asked_rule import AskedPath  # noqa: PLC0415 - as above

        return self.asked_path(AskedPath(path), source, seen)

    def asked_path(self, asked: AskedPath, source: str, seen: Mapping[str, Entry]) -> PathAnswer:
        """As `coverage`, for some letters of rwxa or some accesses only; the answer leaves the other letters out."""
        return self._coverage.path(asked, seen)[source]

    def asked_calls(self, asked: AskedRule, source: str, seen: Mapping[str, Entry] = NOTHING_SEEN) -> AskedAnswer:
        """Which system calls of a requested rule are recorded now (`kernel`) or after the next boot (`boot`).

        `seen` are the file system entries at its paths and at each step of the way there, as they are now.
        """
        return self._coverage.calls(asked, seen)[source]

    def syscall(self, name: str, first_login_user: int) -> tuple[SyscallAnswer, ...]:
        """For whom a system call is recorded: for each arch, now (`kernel`) and after the next boot (`boot`).

        Login users are those whose auid is set and at least `first_login_user`.
        """
        return self._coverage.syscall(name, first_login_user)

    def file_system(self, seen: Mapping[str, Entry]) -> FileSystem:
        """The host's file system as it was collected, with the entries `seen` now in place of the collected ones."""
        facts = self.collected.facts
        return FileSystem(replace(facts, files={**facts.files, **seen}))
