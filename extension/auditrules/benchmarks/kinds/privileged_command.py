"""The kind `privileged_command`: each run of a privileged program by some users is recorded.

A search of the file systems finds the programs. It fails if a program is missed, even if the search did not see
everything. If none is missed, but some programs may not have been found, it is unknown.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar

from auditrules.audit.coverage.answer import Reason, path_error
from auditrules.audit.coverage.asked_rule import ARCHES, AskedPath, asked_conditions
from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.text import encode
from auditrules.benchmarks.asked_by import EVERYBODY, LOGIN_USERS, AskedBy, read_asked_by, unknown_uid_min
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.inventory_evidence import (
    INVENTORY_LIMIT,
    INVENTORY_RUNNING,
    INVENTORY_UNREADABLE,
    MOST_JUDGED,
    SUBJECT,
    incomplete,
    inventory_age,
    listed,
    search_progress_words,
)
from auditrules.benchmarks.privileged_programs import Privilege, PrivilegedProgram, PrivilegedPrograms, SearchState
from auditrules.benchmarks.remediation import AuditState, rule_remedy, watched_path
from auditrules.benchmarks.requirement import Fact, JudgedHost, Remedy, Requirement, Result
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass, replace

LOCAL, ROOT_ONLY = "local_file_systems", "root_file_system"

NO_PROGRAMS = "no_programs"

MOST_CONDITIONS = 5  # of one program's executions
MOST_LINES = 100  # that a remedy gives

_LETTER = "x"
_NOT_SEARCHED = PrivilegedPrograms(SearchState.FAILED, problem="no file of that host was read")
_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        INVENTORY_RUNNING: "Ask again once the search has ended: what it found is kept for an hour.",
        INVENTORY_LIMIT: "Look at the file system that the evidence names: a host has few privileged programs. Until "
        "then audit every execution by login users.",
        INVENTORY_UNREADABLE: "Mend what the evidence names, or read the host as root.",
    }
)


@dataclass(frozen=True, slots=True)
class PrivilegedCommandRequirement(Requirement):
    """Every privileged program is recorded when a user whom `fields` match runs it (conditions as -F takes them).

    `root_only` leaves out programs that are not on the file system of `/`.
    """

    kind: ClassVar[str] = "privileged_command"

    fields: tuple[str, ...]
    root_only: bool
    rule_key: str
    rules_file: str

    @property
    def subject(self) -> str:
        """The programs, in words."""
        return SUBJECT

    @property
    def required(self) -> str:
        """The permission x: their runs must be recorded."""
        return _LETTER

    @property
    def origin(self) -> str:
        """The search of the file systems."""
        return "inventory"

    @property
    def who(self) -> str:
        """The users that the fields match, in words."""
        if not self.fields:
            return EVERYBODY
        names = {each.partition(">=")[0].partition("!=")[0] for each in self.fields}
        return LOGIN_USERS if names == {"auid"} else ", ".join(self.fields)

    @property
    def needs(self) -> frozenset[Fact]:
        """The programs, and UID_MIN if the conditions use it."""
        return frozenset({Fact.PRIVILEGED, Fact.LOGIN} if AskedBy(self.fields).by_login else {Fact.PRIVILEGED})

    def paths(self, facts: HostFacts) -> Iterable[str]:
        """The programs that are judged."""
        return [each.path for each in self._programs(facts)[:MOST_JUDGED]]

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """One result for all programs, with those that are missed."""
        found = host.facts.privileged or _NOT_SEARCHED
        fields = AskedBy(self.fields).resolved(host.facts.login)
        if fields is None:
            return [replace(unknown_uid_min(host.facts.login), missing="")]
        if found.state is SearchState.RUNNING:
            return [_unknown(INVENTORY_RUNNING, search_progress_words(found))]
        return [_with_age(self._of_programs(host, source, found, fields), found)]

    def _of_programs(self, host: JudgedHost, source: str, found: PrivilegedPrograms, fields: Sequence[str]) -> Result:
        asked = asked_conditions(fields)
        programs = [each for each in self._programs(host.facts) if _still_privileged(each, host.seen)]
        answers = [
            _Asked(each, host.audit.asked_path(AskedPath(each.path, _LETTER, asked), source, host.seen))
            for each in programs[:MOST_JUDGED]
        ]
        for status, words in ((Status.FAIL, f"not recorded for {self.who}"), (Status.UNKNOWN, "not known")):
            concerned = [each for each in answers if each.status is status]
            if concerned:
                reason = concerned[0].answer.reason.value
                evidence = f"{words}: {_named(concerned)}; {concerned[0].in_words}"
                remedy = rule_remedy(reason, AuditState.of(host.audit, source), self._remedy(concerned, fields))
                missing = listed([visible(each.program.path) for each in concerned])
                return Result(status, reason, evidence, missing=missing, remedy=remedy)
        return self._where_all_are_recorded(found, answers, len(programs))

    def _where_all_are_recorded(self, found: PrivilegedPrograms, answers: Sequence[_Asked], programs: int) -> Result:
        """The result if no judged program is missed."""
        recorded = f"{len(answers)} {SUBJECT} are recorded for {self.who}"
        reason, why = incomplete(found, programs)
        if reason:
            return _unknown(reason, f"{why}; {recorded}")
        if not answers:
            where = "the root file system" if self.root_only else "local file systems"
            return Result(Status.NOT_APPLICABLE, NO_PROGRAMS, f"no {SUBJECT} on {where}")
        return Result(Status.PASS, Reason.COVERED.value, f"all {recorded}; {answers[0].in_words}")

    def _programs(self, facts: HostFacts) -> list[PrivilegedProgram]:
        """The programs to judge, the worst first."""
        found = facts.privileged.programs if facts.privileged else ()
        counted = (each for each in found if not path_error(each.path) and not (self.root_only and each.mount != "/"))
        return sorted(counted, key=lambda each: (each.rank, encode(each.path)))

    def _remedy(self, missed: Sequence[_Asked], fields: Sequence[str]) -> Remedy:
        """A line for each missed program, as the benchmark prescribes it."""
        lines = [rule_line(each.program.path, fields, self.rule_key) for each in missed]
        written = [line for line in lines if line is not None]
        hidden = [visible(each.program.path) for each, line in zip(missed, lines, strict=True) if line is None]
        texts = []
        if len(written) > MOST_LINES:
            texts.append(
                f"{len(written) - MOST_LINES} more programs need such a line; these come once those are loaded."
            )
        if hidden:
            texts.append(f"No line of a rules file can name {listed(hidden)}: give them other names.")
        return Remedy(
            tuple(written[:MOST_LINES]),
            " ".join(texts),
            rules_file=self.rules_file,
            records="every privileged program",
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A program, and the coverage of its executions by the users in question."""

    program: PrivilegedProgram
    answer: PathAnswer

    @property
    def status(self) -> Status:
        if _LETTER in self.answer.recorded:
            return Status.PASS
        return Status.UNKNOWN if _LETTER in self.answer.unknown else Status.FAIL

    @property
    def in_words(self) -> str:
        """The rules that decide, and their conditions."""
        conditions = listed(self.answer.conditions, MOST_CONDITIONS)
        return f"{visible(self.program.path)}: {'; '.join(filter(None, (self.answer.evidence, conditions)))}"


def _unknown(reason: str, why: str) -> Result:
    """The result if the search did not see everything, and no program is known to be missed."""
    return Result(Status.UNKNOWN, reason, why, why, missing="", remedy=Remedy(text=_ADVICE[reason]))


def _with_age(result: Result, found: PrivilegedPrograms) -> Result:
    """The result with the age of the inventory in its evidence."""
    stable, dated = inventory_age(found)
    return replace(
        result,
        evidence="; ".join(filter(None, (result.evidence, stable))),
        evidence_lines="; ".join(filter(None, (result.evidence, dated))),
    )


def _still_privileged(program: PrivilegedProgram, seen: Mapping[str, Entry]) -> bool:
    """Whether a program still exists and is privileged, as far as its entry tells."""
    entry = seen.get(program.path)
    if entry is None or entry.mode is None:
        return entry is None or entry.type != "missing"
    by_mode = Privilege.CAPABILITIES not in program.privileges
    return entry.type == "file" and not (by_mode and not entry.mode & (stat.S_ISUID | stat.S_ISGID))


def _named(programs: Sequence[_Asked]) -> str:
    return listed([f"{visible(each.program.path)} ({each.program.in_words})" for each in programs])


@lru_cache(maxsize=1024)  # a host's programs rarely change
def rule_line(path: str, fields: Sequence[str], key: str) -> str | None:
    """The line of a rules file that records the executions of a program. None: no line can express its path."""
    if not path.isprintable():
        return None
    named = path.replace("\\", "\\\\").replace(" ", "\\ ")
    conditions = "".join(f" -F {each}" for each in fields)
    line = f"-a always,exit -F path={named} -F perm={_LETTER}{conditions} -k {key}"
    return line if watched_path(line) == path else None


def read(fields: Fields) -> PrivilegedCommandRequirement:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    fields.word("permissions", [_LETTER], _LETTER)
    fields.some_words("arches", ARCHES, ())
    return PrivilegedCommandRequirement(
        read_asked_by(fields).fields,
        fields.word("of", [LOCAL, ROOT_ONLY], LOCAL) == ROOT_ONLY,
        fields.rule_key(),
        fields.rule_file(),
    )
