"""Privileged programs (setuid, setgid, file capabilities) of a host, as values: the result of a search."""

from __future__ import annotations

from enum import Enum

from auditrules.values import dataclass

ROOT = 0


class Privilege(str, Enum):
    """What makes a program privileged, the worst first."""

    SETUID = "setuid"
    SETGID = "setgid"
    CAPABILITIES = "capabilities"  # of the file: the extended attribute security.capability


class SearchState(str, Enum):
    """How a search ended, or that it has not."""

    COMPLETE = "complete"
    RUNNING = "running"
    LIMIT = "limit"  # it stopped at one of its limits
    UNREADABLE = "unreadable"  # it reached its end, but could not read everything
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PrivilegedProgram:
    """A regular file that gives rights to whoever runs it.

    `path` is absolute; `uid` and `gid` are its owners; `mount` is the point of the mount that it was found on.
    """

    path: str
    privileges: tuple[Privilege, ...]
    uid: int = ROOT
    gid: int = ROOT
    mount: str = "/"

    @property
    def rank(self) -> tuple[int, int]:
        """A sort key, the worst first: rights of root, of another user, of a group, capabilities."""
        kind = min(map(list(Privilege).index, self.privileges))
        return kind, (self.gid if kind else self.uid) != ROOT

    @property
    def in_words(self) -> str:
        """Its privileges, such as `setuid root` or `setgid 42`."""
        owners = {Privilege.SETUID: f" {self.uid or 'root'}", Privilege.SETGID: f" {self.gid or 'root'}"}
        return ", ".join(f"{each.value}{owners.get(each, '')}" for each in self.privileges)


@dataclass(frozen=True, slots=True)
class PrivilegedPrograms:
    """The programs that a search found, in the order of the search, and its progress.

    `began` is its start, in seconds since the epoch: a program that was made privileged later may be missing. `entries`
    counts the names that it looked at, and `place` is where it is, or where it stopped. `problem` is a clause that says
    why it did not see everything. `unread` are the first of `unread_count` directories that it could not read;
    `left_out` are places that it skipped on purpose, each with the reason.
    """

    state: SearchState
    programs: tuple[PrivilegedProgram, ...] = ()
    began: int = 0
    entries: int = 0
    place: str = ""
    problem: str = ""
    unread: tuple[str, ...] = ()
    unread_count: int = 0
    left_out: tuple[tuple[str, str], ...] = ()
