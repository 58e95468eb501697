"""Answers questions about coverage on one host: of a path, of a system call, of all calls of a requested rule.

Answers are kept. After a later collection an answer is reused if nothing that it depends on has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from auditrules.audit.coverage.answer import Reason, path_error
from auditrules.audit.coverage.asked_answer import AskedAnswer, evaluate_asked_rule
from auditrules.audit.coverage.asked_rule import AskedPath, AskedRule, is_system_call
from auditrules.audit.coverage.call_coverage import CallAnswer
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.coverage.result_cache import ResultCache
from auditrules.audit.coverage.rule_source import PathAnswer, RuleSource, in_words
from auditrules.audit.coverage.syscall_answer import SyscallAnswer, not_loaded, syscall_answers
from auditrules.audit.coverage.syscall_coverage import RecordedFor
from auditrules.audit.filesystem.looked_up import LookedUp, NotingFileSystem
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.rule_sets import BOOT, KERNEL, RuleSets
from auditrules.values import replace

MOST_PATHS = 1024  # whose answers are kept: a join asks for one path after the other
MOST_RULES = 256  # requested rules, and as many system calls, whose answers are kept
MOST_CALLS = 1024  # answers on single calls, which several requested rules share


class HostCoverage:
    """What the rules of a host record now (`kernel`) and after the next boot (`boot`).

    `earlier` is the same host, collected before.
    """

    def __init__(self, sets: RuleSets, earlier: HostCoverage | None = None) -> None:
        self._sets = sets
        self._earlier = earlier.reusable if earlier else _Reusable({}, {})
        self._rules: ResultCache[Mapping[str, AskedAnswer]] = ResultCache(MOST_RULES)
        self._shared_calls: ResultCache[CallAnswer] = ResultCache(MOST_CALLS)
        self._syscalls: ResultCache[tuple[SyscallAnswer, ...]] = ResultCache(MOST_RULES)

    def path(self, asked: AskedPath, seen: Mapping[str, Entry]) -> Mapping[str, PathAnswer]:
        """The coverage of a path by `kernel` and `boot`, as `HostAudit.asked_path` says."""
        if path_error(asked.path):  # not kept: the answer costs nothing, and the path may be of any length
            return self._evaluate_path(asked, FileSystem(self._sets.facts))
        known = self._answers.get(asked)
        if known is None or not known.depends_on.is_still(seen, self._sets.file_system):
            if len(self._answers) >= MOST_PATHS:
                self._answers.clear()
            files = NotingFileSystem(self._sets.facts, seen)
            known = self._answers[asked] = _KeptAnswer(self._evaluate_path(asked, files), files.looked_up)
        return known.coverage

    def _evaluate_path(self, asked: AskedPath, file_system: FileSystem) -> Mapping[str, PathAnswer]:
        path, kernel, boot = asked.path, self._sets.kernel, self._sets.boot
        now = kernel.evaluate(asked, file_system)
        later = now if self._sets.same else boot.evaluate(asked, file_system)
        lost = later.reason is Reason.NO_RULE and (boot.loads_nothing or now.with_status(CoverageStatus.RECORDED))
        return {
            KERNEL: in_words(path, kernel, now),
            BOOT: in_words(path, boot, later, Reason.NOT_LOADED if lost else None),
        }

    def syscall(self, name: str, first_login_user: int) -> tuple[SyscallAnswer, ...]:
        """For whom a system call is recorded: for each arch by `kernel`, then by `boot`."""
        if not is_system_call(name):  # not kept: the name may be of any length
            return tuple(self._evaluate_syscall(name, first_login_user))
        return self._syscalls.get(
            (name, first_login_user), lambda: tuple(self._evaluate_syscall(name, first_login_user))
        )

    def _evaluate_syscall(self, name: str, first_login_user: int) -> Iterator[SyscallAnswer]:
        kernel, boot, files = self._sets.kernel, self._sets.boot, self._sets.file_system
        now = tuple(syscall_answers(name, kernel, files, first_login_user))
        for each, later in zip(now, syscall_answers(name, boot, files, first_login_user), strict=True):
            recorded = each.recorded_for not in (RecordedFor.NOBODY, RecordedFor.UNKNOWN)
            yield each
            yield not_loaded(later) if boot.loads_nothing or recorded else later

    def calls(self, asked: AskedRule, seen: Mapping[str, Entry]) -> Mapping[str, AskedAnswer]:
        """What `kernel` and `boot` record of the calls of a requested rule, as `HostAudit.asked_calls` says."""
        if asked.paths:
            files = FileSystem(replace(self._sets.facts, files={**self._sets.facts.files, **seen}))
            return self._evaluate_rule(asked, files)
        return self._rules.get(asked, lambda: self._evaluate_rule(asked, self._sets.file_system))

    def _evaluate_rule(self, asked: AskedRule, files: FileSystem) -> Mapping[str, AskedAnswer]:
        boot = self._sets.boot
        now = evaluate_asked_rule(asked, self._sets.kernel, files, self._shared_calls)
        later = (
            replace(now, source=boot)
            if self._sets.same
            else evaluate_asked_rule(asked, boot, files, self._shared_calls)
        )
        recorded = {call for call, each in now.calls.items() if each.status is CoverageStatus.RECORDED}
        lost = {
            call: replace(each, reason=Reason.NOT_LOADED)
            for call, each in later.calls.items()
            if each.reason is Reason.NO_RULE and (boot.loads_nothing or call in recorded)
        }
        return {KERNEL: now, BOOT: replace(later, calls={**later.calls, **lost})}

    @property
    def reusable(self) -> _Reusable:
        """What a later collection may reuse. If nobody asked for a path, that is still the earlier one's."""
        if "_answers" not in self.__dict__:
            return self._earlier
        return _Reusable({KERNEL: self._sets.kernel, BOOT: self._sets.boot}, self._answers)

    @cached_property
    def _answers(self) -> dict[AskedPath, _KeptAnswer]:
        """The coverage of paths. It begins with the earlier collection's answers if the rules are the same."""
        sources = {KERNEL: self._sets.kernel, BOOT: self._sets.boot}
        if not self._earlier.says_the_same(sources):
            return {}
        changed = self._earlier.other_late_points(sources)
        return {
            asked: answer for asked, answer in self._earlier.answers.items() if not answer.depends_on.is_below(changed)
        }


class _KeptAnswer(NamedTuple):
    coverage: Mapping[str, PathAnswer]
    depends_on: LookedUp


class _Reusable(NamedTuple):
    """The rule sources of an earlier collection, and the coverage of paths by them."""

    sources: Mapping[str, RuleSource]
    answers: dict[AskedPath, _KeptAnswer]

    def says_the_same(self, sources: Mapping[str, RuleSource]) -> bool:
        """Whether these sources have the same rules, on the same inodes, with the same remarks."""
        return sources.keys() == self.sources.keys() and all(
            _rules_of(source) is _rules_of(self.sources[name])
            and replace(source, rules=None) == replace(self.sources[name], rules=None)
            for name, source in sources.items()
        )

    def other_late_points(self, sources: Mapping[str, RuleSource]) -> frozenset[str]:
        """The mount points that may be younger than the rules in one of the two collections, but not in the other."""
        return frozenset().union(*(_late(sources[name]) ^ _late(self.sources[name]) for name in sources))


def _late(source: RuleSource) -> frozenset[str]:
    return source.rules.late_points if source.rules else frozenset()


def _rules_of(source: RuleSource) -> object:
    return source.rules and source.rules.shared
