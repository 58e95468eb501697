"""Requirements of a control and their judgements: the values that all kinds of requirement share. Pure.

To judge controls, first the facts that their requirements need are collected, then the paths that they name are looked
up, then each requirement is judged by source (now, and after the next boot).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.status import Status
from auditrules.values import dataclass, field


class Fact(Enum):
    """Facts of a host, beside its audit, that a requirement may need. The value names the field of `HostFacts`."""

    SYSTEM = "system"  # os-release
    LOGIN = "login"  # UID_MIN of login.defs, the first uid of login users
    SUDO = "sudo"  # where sudo logs to
    FAILLOCK = "faillock"  # where pam_faillock keeps its tallies
    PACKAGES = "packages"  # which packages are installed
    SERVICES = "services"  # which units are enabled, and which run
    FILES = "files"  # modes and owners of audit's own files
    MOUNTS = "mounts"  # file systems, their options, and fstab
    INTEGRITY = "integrity"  # AIDE's rules
    PRIVILEGED = "privileged"  # the setuid, setgid and file-capability programs
    DOCKER = "docker"  # Docker's daemon, its unit and its files


@dataclass(frozen=True)
class JudgedHost:
    """A host to judge. `seen` are the entries at the paths that requirements name, and at each step of the way."""

    audit: HostAudit
    facts: HostFacts = field(default_factory=HostFacts)
    seen: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def file_system(self) -> FileSystem:
        """Its file system, with the entries `seen` now."""
        return self.audit.file_system(self.seen)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do if a requirement is not met; never weaker than what the benchmark prescribes.

    `lines` are for `rules_file`; `records` words what they record, as in "the rules files already record RECORDS".
    `repair` removes an obstacle, `first` is to be done before the lines, and `text` is anything else; each is whole
    sentences. A sentence that several requirements of a control share must be a part of its own, so that it is printed
    once.
    """

    lines: tuple[str, ...] = ()
    text: str = ""
    first: str = ""
    rules_file: str = ""
    records: str = ""
    repair: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.lines or self.text or self.first or self.repair)


NOTHING_TO_DO = Remedy()

MET, UNCLEAR, UNREADABLE = "met", "unclear", "unreadable"
"""Reasons that many kinds have: it is as required; the host's files do not tell; they could not be read."""

TO_ACT_ON = (Status.FAIL, Status.UNKNOWN)
"""The statuses with a remedy: something is to be done, or to be found out."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One requirement, or a part of it such as one path, judged on a host: a row of `audit_requirements`.

    `source` is `kernel` (now) or `boot` (after the next boot). `subject` is a path, system calls or an option;
    `required` are the letters, the value or the mode; `who` is everybody or login users; `origin` says how the subject
    is known. `reason` is a stable word, `missing` is what keeps it from passing. `evidence` names rules and files,
    `evidence_lines` also their lines (empty: the same as `evidence`). `own`: the benchmark itself names the subject;
    among equals it comes first.
    """

    source: str
    kind: str
    subject: str
    required: str
    who: str
    origin: str
    status: Status
    reason: str
    missing: str = ""
    evidence: str = ""
    evidence_lines: str = ""
    remedy: Remedy = NOTHING_TO_DO
    own: bool = True

    @property
    def acts(self) -> bool:
        """Whether it has a remedy: something is to be done, or to be found out."""
        return self.status in TO_ACT_ON


@dataclass(frozen=True, slots=True)
class Result:
    """The result of judging a requirement, or a part of it; its fields are as in `Judged`.

    `missing` None means all that is required; `subject` and `origin` None mean those of the requirement.
    """

    status: Status
    reason: str
    evidence: str
    evidence_lines: str = ""
    missing: str | None = None
    remedy: Remedy = NOTHING_TO_DO
    subject: str | None = None
    origin: str | None = None
    own: bool = True


class Requirement(ABC):
    """One thing that a control requires. Each kind is a frozen dataclass in a module of `kinds/`.

    A kind names its subject and the facts that it needs, and returns its results on a host; `judge` turns both to rows.
    """

    __slots__ = ()

    kind: ClassVar[str]
    """The value of `kind` in a benchmark's file."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """The subject: a path, system calls, an option …."""

    @property
    @abstractmethod
    def required(self) -> str:
        """What the subject must be, in words."""

    @property
    def who(self) -> str:
        """Whose accesses must be recorded; empty if it is not about accesses."""
        return ""

    @property
    def origin(self) -> str:
        """How the subject is known."""
        return "benchmark"

    @property
    def needs(self) -> frozenset[Fact]:
        """The facts that are needed to judge it, or to know its paths; none if the host's audit is enough."""
        return frozenset()

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - most kinds that name paths look at the facts
        """The paths to look up before it is judged."""
        return ()

    @abstractmethod
    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Its results now (`kernel`) or after the next boot (`boot`): at least one, in the same order for both."""

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:
        """Its results as rows. `missing` and `remedy` are kept only if something is to be done."""
        return [self.row(each, source) for each in self.results(host, source)]

    def row(self, result: Result, source: str) -> Judged:
        """One result as a row."""
        acts = result.status in TO_ACT_ON
        missing = self.required if result.missing is None else result.missing
        return Judged(
            source,
            self.kind,
            self.subject if result.subject is None else result.subject,
            self.required,
            self.who,
            self.origin if result.origin is None else result.origin,
            result.status,
            result.reason,
            missing if acts else "",
            result.evidence,
            result.evidence_lines,
            result.remedy if acts else NOTHING_TO_DO,
            result.own,
        )
