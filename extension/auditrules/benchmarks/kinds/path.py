"""The kind `path`: accesses to a path by some letters are recorded, wherever the host has the thing in question.

It fails if a required letter is not recorded, or not always; otherwise it is unknown if one is unknown; otherwise it
passes. Other facts (who reads the records, lost records, 32-bit calls) are in the evidence, and change no status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from auditrules.audit.constants import syscalls
from auditrules.audit.coverage.answer import Reason, path_error
from auditrules.audit.coverage.asked_rule import ARCHES, AskedPath, asked_conditions, machine_of
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import Condition
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks import docker_daemon
from auditrules.benchmarks.asked_by import (
    AskedBy,
    conditions_text,
    read_asked_by,
    unknown_uid_min,
)
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.named_paths import FAILLOCK_DIR, PATHS_FROM, SUDOERS_LOG, at_its_end, named_targets
from auditrules.benchmarks.path_letters import LETTERS, Letters, for_both_arches, for_missing_directory
from auditrules.benchmarks.remediation import (
    CANT_EXPRESS,
    TARGET_UNREAD,
    AuditState,
    at_boot,
    rule_line,
    rule_remedy,
)
from auditrules.benchmarks.requirement import (
    NOTHING_TO_DO,
    TO_ACT_ON,
    Fact,
    JudgedHost,
    Remedy,
    Requirement,
    Result,
)
from auditrules.benchmarks.services import Services
from auditrules.benchmarks.targets import DockerPlace, PathType, Target, TargetReason, targets
from auditrules.status import Status
from auditrules.values import dataclass, replace

LEFT_OUT = "left_out"  # the reason for a directory that is recorded except places below it

_ANY_NAME = "name"  # stands for any file in a directory that does not exist yet
_MAKE_FIRST = "Create the directory first if it is missing; otherwise the watch is not recursive."


@dataclass(frozen=True, slots=True)
class PathRequirement(Requirement):
    """The letters of rwxa that must be recorded for a path, for the subjects in `by`.

    `docker` says where else Docker may have it, `path_from` which configuration names it. With b32 in `arches`,
    accesses of 32-bit programs count too. A missing file or directory is judged as well: a rule records that it is
    made. If a file is a symbolic link, the link itself is judged: a rule on its name records that it is redirected.
    """

    kind: ClassVar[str] = "path"

    path: str
    permissions: str
    type: PathType
    docker: DockerPlace | None
    by: AskedBy
    arches: tuple[str, ...]
    path_from: str
    rule_key: str
    rules_file: str

    @property
    def subject(self) -> str:
        """The benchmark's own path; each result is of one target."""
        return self.path

    @property
    def required(self) -> str:
        """The letters."""
        return self.permissions

    @property
    def who(self) -> str:
        """The users whose accesses must be recorded, in words."""
        return self.by.who

    @property
    def needs(self) -> frozenset[Fact]:
        """Docker's files, the configuration that names the path, and UID_MIN, as far as this requirement uses them."""
        wanted = {
            Fact.DOCKER: self.docker is not None,
            Fact.SUDO: self.path_from == SUDOERS_LOG,
            Fact.FAILLOCK: self.path_from == FAILLOCK_DIR,
            Fact.LOGIN: self.by.by_login,
        }
        return frozenset(fact for fact, needed in wanted.items() if needed)

    @property
    def _means_link(self) -> bool:
        """Whether a symbolic link itself is judged, not its target."""
        return self.type is PathType.FILE and "x" not in self.permissions

    @property
    def places(self) -> tuple[str, ...]:
        """The benchmark's own path, then the other usual places."""
        return (self.path, *(self.docker.places if self.docker else ()))

    def paths(self, facts: HostFacts) -> Iterable[str]:
        """The path, those of its targets, and the usual places that were not looked up yet."""
        yield self.path
        if self.docker is not None:
            services = facts.docker or Services()
            yield from (path for path in (*docker_daemon.PROGRAMS, *self.docker.places) if path not in services.found)
        yield from (each.path for each in self._targets(facts, None) if each.path and not path_error(each.path))

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Each of its targets on the host: the benchmark's own path first."""
        fields = self.by.resolved(host.facts.login)
        if fields is None:
            return [unknown_uid_min(host.facts.login)]
        asked = asked_conditions(fields)
        state = AuditState.of(host.audit, source)
        files = host.file_system
        return [
            self.of_target(
                target if self._means_link else at_its_end(target, files),
                source,
                self._answer(target, host, source, asked),
                state,
                fields,
            )
            for target in self._targets(host.facts, files if self.docker else None)
        ]

    def of_target(
        self, target: Target, source: str, answer: PathAnswer | None, state: AuditState, fields: Sequence[str] = ()
    ) -> Result:
        """The result for one target. `answer` is its coverage, None if its path is not known."""
        status, reason = self._status(target, answer)
        letters = Letters(self.permissions, answer, source)
        shown_reason = self._reason_of_letters(status, reason, letters)
        evidence, evidence_lines = (
            self._evidence(target, reason, letters, state, lines=lines) for lines in (False, True)
        )
        return Result(
            status,
            shown_reason,
            evidence,
            evidence_lines,
            letters.missing or self.permissions,
            self._remedy(target, shown_reason, state, fields) if status in TO_ACT_ON else NOTHING_TO_DO,
            target.path,
            target.origin.value,
            own=target.path == self.path or bool(self.path_from),
        )

    def _targets(self, facts: HostFacts, files: FileSystem | None) -> Iterable[Target]:
        if self.docker is not None:
            return targets(self.path, self.type, self.docker, facts.docker or Services(), files)
        if self.path_from:
            return list(named_targets(self.path, self.path_from, facts))
        return [Target(self.path, watched=self.path)]

    def _answer(self, target: Target, host: JudgedHost, source: str, asked: tuple[Condition, ...]) -> PathAnswer | None:
        """The coverage of a target; for a missing directory, also that of files in it."""
        if not target.path:
            return None
        itself = self._covered(target.path, host, source, asked)
        if self.type is not PathType.DIRECTORY or itself.exists is not False:
            return itself
        return for_missing_directory(itself, self._covered(f"{target.path}/{_ANY_NAME}", host, source, asked))

    def _covered(self, path: str, host: JudgedHost, source: str, asked: tuple[Condition, ...]) -> PathAnswer:
        if self.docker is not None:
            return host.audit.coverage(path, source, host.seen)
        question = AskedPath(path, self.permissions, asked, link=self._means_link)
        found = host.audit.asked_path(question, source, host.seen)
        if "b32" not in self.arches or not _has_compat(host):
            return found
        return for_both_arches(found, host.audit.asked_path(replace(question, compat=True), source, host.seen))

    def _status(self, target: Target, answer: PathAnswer | None) -> tuple[Status, str]:
        if not target.applicable:
            return Status.NOT_APPLICABLE, target.reason.value if target.reason else ""
        if target.reason is not None or answer is None:
            return Status.UNKNOWN, (target.reason or TargetReason.UNREADABLE).value
        required = set(self.permissions)
        if required - set(answer.recorded + answer.unknown):
            return Status.FAIL, answer.reason.value
        if self.type is PathType.DIRECTORY and answer.left_out and self.docker is None:
            return Status.FAIL, LEFT_OUT
        return Status.UNKNOWN if required - set(answer.recorded) else Status.PASS, answer.reason.value

    def _reason_of_letters(self, status: Status, reason: str, letters: Letters) -> str:
        """The reason for the required letters, not for all four; `covered` for a pass."""
        if status is Status.PASS:
            return Reason.COVERED.value
        if reason == Reason.CONDITIONAL.value and status is Status.FAIL and not letters.conditional:
            whole = letters.unrecorded == self.permissions
            return str((Reason.NO_RULE if whole else Reason.PERMISSIONS_MISSING).value)
        return reason

    def _evidence(self, target: Target, reason: str, letters: Letters, state: AuditState, *, lines: bool) -> str:
        answer = letters.answer
        rules = (answer.evidence_lines if lines else answer.evidence) if answer else ""
        if reason == TargetReason.NOT_INSTALLED.value:
            return f"no Docker daemon at {', '.join(docker_daemon.PROGRAMS)}, and none runs"
        if reason == TargetReason.ABSENT.value:
            return f"nothing at {self.path}, so the control does not apply"
        if reason == TargetReason.UNREADABLE.value:
            known = state.known or letters.source == BOOT
            return target.error or (rules if known and rules else state.unknown_words(letters.source))
        parts = (
            rules or f"no rule of the {letters.source} records {target.path}",
            f"not recorded: {letters.unrecorded}" if letters.unrecorded else "",
            f"not always recorded: {letters.conditional}" if letters.conditional else "",
            f"not known: {letters.unknown}" if letters.unknown else "",
            ", ".join(answer.conditions) if answer else "",
        )
        return "; ".join(filter(None, parts))

    def _remedy(self, target: Target, reason: str, state: AuditState, fields: Sequence[str]) -> Remedy:
        if reason == TargetReason.UNREADABLE.value and target.error:
            return Remedy(text=TARGET_UNREAD)
        return rule_remedy(reason, state, self.remedy(target.watched, fields) if target.path else Remedy())

    def remedy(self, path: str, fields: Sequence[str] = ()) -> Remedy:
        """The remedy on a host that has it at `path`, links at the end followed."""
        directory = self.type is PathType.DIRECTORY
        letters = "" if self.docker else self.permissions
        line = rule_line(path, self.rule_key, letters, conditions_text(fields), directory=directory)
        if line is None:
            return Remedy(text=CANT_EXPRESS.format(folder=path.rpartition("/")[0] or "/"))
        return Remedy(
            (line,),
            at_boot(path, self.rules_file, directory=directory),
            _MAKE_FIRST if directory else "",
            self.rules_file,
            path,
        )


def _has_compat(host: JudgedHost) -> bool:
    """Whether the machine runs 32-bit programs beside its own."""
    machine = syscalls.canonical(host.audit.collected.facts.machine)
    return machine_of("b32", machine or "") not in (None, machine)


def read(fields: Fields) -> PathRequirement:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    path = fields.path("path")
    requirement = PathRequirement(
        path,
        _permissions(fields),
        PathType(fields.word("type", [each.value for each in PathType], PathType.FILE.value)),
        _docker(fields) if fields.has("of") else None,
        read_asked_by(fields),
        fields.some_words("arches", ARCHES, ()),
        fields.word("path_from", PATHS_FROM, ""),
        fields.rule_key(),
        fields.rule_file(),
    )
    if rule_line(path, requirement.rule_key) is None:
        raise fields.error("path", "a path that a rules file can express")
    return requirement


def _permissions(fields: Fields) -> str:
    letters = fields.text("permissions")
    if letters != "".join(each for each in LETTERS if each in letters):
        raise fields.error("permissions", f"letters out of {LETTERS}, each once and in this order")
    return letters


def _docker(fields: Fields) -> DockerPlace:
    fields.word("of", ["docker"])
    return DockerPlace(
        fields.absolute_paths("places", ()),
        fields.word("process", docker_daemon.PROCESSES, ""),
        fields.word("unit", docker_daemon.UNITS, ""),
        fields.word("option", docker_daemon.OPTIONS, ""),
        fields.flag("if_applicable", default=True),
    )
