"""One host's audit: what its kernel, its rules files and its next boot come to, worked out of what was collected.

Each result is worked out when it is first asked for, and once; tables, checks and commands all ask here. The HostAudit
of a later collection takes over each result of which nothing that it was made of has changed.
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
if TYPE_CHECKING:  # what only a question about coverage needs is half of all code
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
    """What functions made of their inputs last. They are pure: of equal inputs they make the same."""

    def __init__(self, known: Results | None = None) -> None:
        self.last: dict[object, tuple[tuple[object, ...], Any]] = dict(known.last) if known else {}

    def __call__(self, make: Callable[_P, _T], *inputs: _P.args, **named: _P.kwargs) -> _T:
        """What the function makes of these inputs; it is called only where they are others than last."""
        before, value = self.last.get(make, (None, None))
        if before != inputs:
            value = make(*inputs, **named)
        self.last[make] = (inputs, value)
        return cast("_T", value)

    def after(self, make: Callable[..., _T], *inputs: object) -> _T:
        """As a call; `make` gets what it made last as `earlier`, whose parts it may share where they are equal."""
        _, value = self.last.get(make, (None, None))
        return self(make, *inputs, earlier=value)


class HostAudit:
    """What was collected of one host, and what it comes to. `earlier` is the same host at an earlier collection.

    `configured` is that part of what was collected which says what the next boot does.
    """

    def __init__(self, collected: Sources, earlier: HostAudit | None = None) -> None:
        self.results: Results = Results(earlier.results if earlier else None)
        self._refusal = refusal_of(collected.audit_rules, collected.facts.version) if collected.audit_rules else None
        # Mounts come and go with each container, and the kernel counts while it audits: no rule depends on either.
        facts = replace(collected.facts, mounts=None)
        configured = replace(collected, kernel=Kernel("none"), consumer="", auditctl_version="", facts=facts)
        self._kernel = without_counters(collected.kernel)
        self.configured: Sources = earlier.configured if earlier and earlier.configured == configured else configured
        # What is equal is held once; of files that are, mode, owner and time may be others.
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
        return interpret_answer(self.collected.kernel, self.configured.facts, self._uncounted.lines)

    @property
    def _uncounted(self) -> KernelAnswer:
        """The kernel's answer without what it counts."""
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
        return self.results.after(RulesFiles, self.configured, self._refusal)

    @property
    def boot(self) -> Boot:
        """What the next boot loads."""
        return self.results(boot, self.files, self.conf)

    @property
    def boot_audit(self) -> str:
        """The value of audit= on the kernel's command line; empty where there is none."""
        return audit_option(cmdline_of(self.configured))

    @property
    def drift(self) -> Drift:
        """The rules of kernel and files, line by line, and how they agree."""
        return self.results(Drift, self._uncounted, self.files, self.boot)

    @property
    def rule_sets(self) -> RuleSets:
        """The rules now and after the next boot, with what they watch."""
        from auditrules.audit.rule_sets import RuleSets  # noqa: PLC0415 - as above

        file = self.collected.audit_rules
        return self.results.after(RuleSets, self.drift, self.boot, self.collected.facts, file.changed if file else None)

    @property
    def _coverage(self) -> HostCoverage:
        from auditrules.audit.host_coverage import HostCoverage  # noqa: PLC0415 - as above

        return self.results.after(HostCoverage, self.rule_sets)

    def coverage(self, path: str, source: str, seen: Mapping[str, Entry]) -> PathAnswer:
        """What a path's accesses leave of records now (`kernel`) or after the next boot (`boot`).

        `seen` is what is at the path now, and at each step of the way there. An answer is kept while the host, and what
        of `seen` it was made of, stays the same.
        """
        from auditrules.audit.coverage.asked_rule import AskedPath  # noqa: PLC0415 - as above

        return self.asked_path(AskedPath(path), source, seen)

    def asked_path(self, asked: AskedPath, source: str, seen: Mapping[str, Entry]) -> PathAnswer:
        """The coverage of a path, of those accesses only that are asked about; letters that are not are in no part."""
        return self._coverage.path(asked, seen)[source]

    def asked_calls(self, asked: AskedRule, source: str, seen: Mapping[str, Entry] = NOTHING_SEEN) -> AskedAnswer:
        """Which of the calls that a rule asks for leave a record now (`kernel`) or after the next boot (`boot`).

        `seen` is what is at its paths now, and at each step of the way there.
        """
        return self._coverage.calls(asked, seen)[source]

    def syscall(self, name: str, first_login_user: int) -> tuple[SyscallAnswer, ...]:
        """For whom a system call leaves a record, for each arch now (`kernel`) and after the next boot (`boot`).

        Login users are those whose auid is set and at least `first_login_user`.
        """
        return self._coverage.syscall(name, first_login_user)

    def file_system(self, seen: Mapping[str, Entry]) -> FileSystem:
        """The host's file system, with what is seen now before what was collected."""
        facts = self.collected.facts
        return FileSystem(replace(facts, files={**facts.files, **seen}))
