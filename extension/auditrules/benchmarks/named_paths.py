"""Paths that a host's own configuration names for what a benchmark asks about, and where their links end. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.targets import Target, TargetOrigin, TargetReason
from auditrules.values import replace

SUDOERS_LOG, FAILLOCK_DIR = "sudoers logfile", "faillock dir"
PATHS_FROM = (SUDOERS_LOG, FAILLOCK_DIR)


def named_targets(path: str, path_from: str, facts: HostFacts) -> Iterator[Target]:
    """The paths that a configuration names, the benchmark's own where it names none, and what is not known."""
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
    """A target with the path that a rule is to name: one on a link records nothing of what that leads to."""
    if not target.path or target.watched != target.path or files.walk(target.path, follow=False).type != "link":
        return target
    end = files.walk(target.path)
    return target if end.entry is None or end.missing else replace(target, watched=end.path)
