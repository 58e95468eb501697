"""What the rules of a host record: of accesses to a path, of a system call, of the calls that a rule asks for.

A later collection takes over each answer of which nothing that it was made of has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from auditrules.audit.coverage.answer import Reason, bad_path
from auditrules.audit.coverage.asked_answer import AskedAnswer, answer
from auditrules.audit.coverage.asked_rule import AskedPath, AskedRule, known
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

MOST_ANSWERS = 1024  # paths whose coverage is kept: a join asks for one after the other
MOST_ASKED = 256  # rules that were asked for, whose answers are kept
MOST_CALLS = 1024  # calls that several of them ask for alike


class HostCoverage:
    """What the rules of a host record now (`kernel`) and after the next boot (`boot`).

    `earlier` is the same host at an earlier collection.
    """

    def __init__(self, sets: RuleSets, earlier: HostCoverage | None = None) -> None:
        self._sets = sets
        self._before = earlier.so_far if earlier else _Before({}, {})
        self._asked: ResultCache[Mapping[str, AskedAnswer]] = ResultCache(MOST_ASKED)
        self._calls_alike: ResultCache[CallAnswer] = ResultCache(MOST_CALLS)
        self._syscalls: ResultCache[tuple[SyscallAnswer, ...]] = ResultCache(MOST_ASKED)

    def path(self, asked: AskedPath, seen: Mapping[str, Entry]) -> Mapping[str, PathAnswer]:
        """The coverage of a path by `kernel` and `boot`, as `HostAudit.asked_path` says."""
        if bad_path(asked.path):  # the reason is known at once, and the path may be of any length: it is not kept
            return self._path(asked, FileSystem(self._sets.facts))
        known = self._answers.get(asked)
        if known is None or not known.looked_up.is_still(seen, self._sets.file_system):
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            files = NotingFileSystem(self._sets.facts, seen)
            known = self._answers[asked] = _Answer(self._path(asked, files), files.looked_up)
        return known.coverage

    def _path(self, asked: AskedPath, file_system: FileSystem) -> Mapping[str, PathAnswer]:
        path, kernel, boot = asked.path, self._sets.kernel, self._sets.boot
        now = kernel.evaluate(asked, file_system)
        later = now if self._sets.same else boot.evaluate(asked, file_system)
        lost = later.reason is Reason.NO_RULE and (boot.loads_nothing or now.of(CoverageStatus.RECORDED))
        return {
            KERNEL: in_words(path, kernel, now),
            BOOT: in_words(path, boot, later, Reason.NOT_LOADED if lost else None),
        }

    def syscall(self, name: str, first_login_user: int) -> tuple[SyscallAnswer, ...]:
        """For whom a system call is recorded: for each arch by `kernel`, then by `boot`."""
        if not known(name):  # the name may be of any length: it is not kept
            return tuple(self._syscall(name, first_login_user))
        return self._syscalls.get((name, first_login_user), lambda: tuple(self._syscall(name, first_login_user)))

    def _syscall(self, name: str, first_login_user: int) -> Iterator[SyscallAnswer]:
        kernel, boot, files = self._sets.kernel, self._sets.boot, self._sets.file_system
        now = tuple(syscall_answers(name, kernel, files, first_login_user))
        for each, later in zip(now, syscall_answers(name, boot, files, first_login_user), strict=True):
            recorded = each.recorded_for not in (RecordedFor.NOBODY, RecordedFor.UNKNOWN)
            yield each
            yield not_loaded(later) if boot.loads_nothing or recorded else later

    def calls(self, asked: AskedRule, seen: Mapping[str, Entry]) -> Mapping[str, AskedAnswer]:
        """What `kernel` and `boot` record of the calls of a rule that is asked for, as `HostAudit.asked_calls` says."""
        if asked.paths:
            files = FileSystem(replace(self._sets.facts, files={**self._sets.facts.files, **seen}))
            return self._calls(asked, files)
        return self._asked.get(asked, lambda: self._calls(asked, self._sets.file_system))

    def _calls(self, asked: AskedRule, files: FileSystem) -> Mapping[str, AskedAnswer]:
        boot = self._sets.boot
        now = answer(asked, self._sets.kernel, files, self._calls_alike)
        later = replace(now, source=boot) if self._sets.same else answer(asked, boot, files, self._calls_alike)
        recorded = {call for call, each in now.calls.items() if each.status is CoverageStatus.RECORDED}
        lost = {
            call: replace(each, reason=Reason.NOT_LOADED)
            for call, each in later.calls.items()
            if each.reason is Reason.NO_RULE and (boot.loads_nothing or call in recorded)
        }
        return {KERNEL: now, BOOT: replace(later, calls={**later.calls, **lost})}

    @property
    def so_far(self) -> _Before:
        """What a later collection may share; if nobody asked for a path, that is what an earlier one had."""
        if "_answers" not in self.__dict__:
            return self._before
        return _Before({KERNEL: self._sets.kernel, BOOT: self._sets.boot}, self._answers)

    @cached_property
    def _answers(self) -> dict[AskedPath, _Answer]:
        """The coverage of paths: that of an earlier collection where the rules are the same."""
        sources = {KERNEL: self._sets.kernel, BOOT: self._sets.boot}
        if not self._before.says_the_same(sources):
            return {}
        changed = self._before.other_late_points(sources)
        return {
            asked: answer for asked, answer in self._before.answers.items() if not answer.looked_up.is_below(changed)
        }


class _Answer(NamedTuple):
    coverage: Mapping[str, PathAnswer]
    looked_up: LookedUp


class _Before(NamedTuple):
    """Sources of the same host as they were, and the coverage that they gave."""

    sources: Mapping[str, RuleSource]
    answers: dict[AskedPath, _Answer]

    def says_the_same(self, sources: Mapping[str, RuleSource]) -> bool:
        """Whether these sources have the same rules, on the same things, and say the same of them."""
        return sources.keys() == self.sources.keys() and all(
            _rules_of(source) is _rules_of(self.sources[name])
            and replace(source, rules=None) == replace(self.sources[name], rules=None)
            for name, source in sources.items()
        )

    def other_late_points(self, sources: Mapping[str, RuleSource]) -> frozenset[str]:
        """The mount points that may be younger than the rules of these sources, or of those, but not of both."""
        return frozenset().union(*(_late(sources[name]) ^ _late(self.sources[name]) for name in sources))


def _late(source: RuleSource) -> frozenset[str]:
    return source.rules.late_points if source.rules else frozenset()


def _rules_of(source: RuleSource) -> object:
    return source.rules and source.rules.known
