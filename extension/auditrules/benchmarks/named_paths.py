"""Finds paths that a benchmark leaves to the host's configuration, such as sudo's log file. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.targets import Target, TargetOrigin, TargetReason
from auditrules.values import replace

SUDOERS_LOG, FAILLOCK_DIR = "sudoers logfile", "faillock dir"
PATHS_FROM = (SUDOERS_LOG, FAILLOCK_DIR)


def named_targets(path: str, path_from: str, facts: HostFacts) -> Iterator[Target]:
    """The paths that the configuration names; the benchmark's own path if it names none, and an error if not known."""
    if path_from == SUDOERS_LOG:
        sudo = facts.sudo
        named, origin = (sudo.paths if sudo else ()), TargetOrigin.SUDOERS
        error = sudo.error if sudo else "sudoers was not read"
    else:
        faillock = facts.faillock
        named, origin = ((faillock.dir,) if faillock and faillock.dir else ()), TargetOrigin.FAILLOCK
        error = faillock.error if faillock else "faillock.conf was not read"
    for each in named:
        yield Target(each, TargetOrigin.BENCHMARK if each == path else origin, each)
    if error:
        yield Target("", origin, reason=TargetReason.UNREADABLE, error=error)
    elif not named:
        yield Target(path, watched=path)


def at_its_end(target: Target, files: FileSystem) -> Target:
    """The target with the path for a rule: the end of a link, as a rule on a link does not record its target."""
    if not target.path or target.watched != target.path or files.walk(target.path, follow=False).type != "link":
        return target
    end = files.walk(target.path)
    return target if end.entry is None or end.missing else replace(target, watched=end.path)
