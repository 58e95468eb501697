"""What a control wants of a host, and what came of it: the values that every kind of requirement shares. Pure.

The facts that the requirements of the controls asked for need are collected; then the paths that the requirements name
are looked at; then each requirement is judged, by source.
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
    """What a kind of requirement needs of the host besides its audit. The value names the field of `HostFacts`."""

    SYSTEM = "system"  # os-release
    LOGIN = "login"  # login.defs: from which number on users log in
    SUDO = "sudo"  # where sudo logs to
    FAILLOCK = "faillock"  # where pam_faillock keeps its tallies
    PACKAGES = "packages"  # what is installed
    SERVICES = "services"  # which units are enabled, and which run
    FILES = "files"  # modes and owners of audit's own files
    MOUNTS = "mounts"  # file systems, their options, and fstab
    INTEGRITY = "integrity"  # AIDE's rules
    PRIVILEGED = "privileged"  # the setuid, setgid and file-capability programs
    DOCKER = "docker"  # Docker's daemon, its unit and its files


@dataclass(frozen=True)
class JudgedHost:
    """A host to judge. `seen` is what is at the paths that the requirements named, and at each step of the way."""

    audit: HostAudit
    facts: HostFacts = field(default_factory=HostFacts)
    seen: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def file_system(self) -> FileSystem:
        """Its file system, with what is seen."""
        return self.audit.file_system(self.seen)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do where a requirement is not met, never weaker than what the benchmark prescribes.

    `lines` are for `rules_file`, and `records` says in words what they record, as in "the rules files already record
    RECORDS". `repair` mends what stands in the way of all, `first` is to be done before the lines, `text` is anything
    else; each is whole sentences. What several requirements of a control share belongs in a part of its own, so that
    it is said once.
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
"""Reasons that many kinds have: it is as required; its files do not say; nobody could look."""

TO_ACT_ON = (Status.FAIL, Status.UNKNOWN)
"""Where something is to be done, or to be found out."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One requirement, or a part of it such as one path, judged on a host: a row of `audit_requirements`.

    `source` is `kernel` (now) or `boot` (after the next boot). `subject` is what it is about: a path, system calls, an
    option; `required` the letters, value or mode; `who` everybody or login users; `origin` how the subject is known.
    `reason` is a stable word, `missing` what keeps it from passing. `evidence` names rules and files, `evidence_lines`
    their lines too (empty: the same as `evidence`). `own` says that the subject is what the benchmark itself names,
    which is told first of equals.
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
        """Whether something is to be done, or to be found out."""
        return self.status in TO_ACT_ON


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a requirement, or of a part of it: the columns of `Judged` of the same names.

    `missing` None: all that is required. `subject` and `origin` None: those of the requirement.
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
    """One thing that a control wants. Each kind is a frozen dataclass in a module of `kinds/`.

    A kind says what it is about and what it needs, and gives its results on a host; `judge` makes rows of both.
    """

    __slots__ = ()

    kind: ClassVar[str]
    """The word that `kind` has in a benchmark's file."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it is about."""

    @property
    @abstractmethod
    def required(self) -> str:
        """What it must be, in words."""

    @property
    def who(self) -> str:
        """Whose accesses are asked for; empty where it is about none."""
        return ""

    @property
    def origin(self) -> str:
        """How the subject is known."""
        return "benchmark"

    @property
    def needs(self) -> frozenset[Fact]:
        """What has to be collected to judge it, and to know its paths; nothing where the host's audit has it all."""
        return frozenset()

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - most kinds that name paths look at the facts
        """The paths to look at before it is judged: those that coverage is asked about."""
        return ()

    @abstractmethod
    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """What comes of it now (`kernel`) or after the next boot (`boot`): at least one, in the same order for both."""

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:
        """Its results as rows; only where something is to be done, something is missing, and there is a remedy."""
        return [self.judged(each, source) for each in self.results(host, source)]

    def judged(self, result: Result, source: str) -> Judged:
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
