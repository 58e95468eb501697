"""The setuid, setgid and file-capability programs of a host, as a search of its file systems found them."""

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
    UNREADABLE = "unreadable"  # it came to its end, and could not look everywhere
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PrivilegedProgram:
    """A regular file that gives rights to who runs it.

    `path` is absolute; `uid` and `gid` are its owners; `mount` is the point of the mount that it was found on.
    """

    path: str
    privileges: tuple[Privilege, ...]
    uid: int = ROOT
    gid: int = ROOT
    mount: str = "/"

    @property
    def rank(self) -> tuple[int, int]:
        """What it gives, the worst first: the rights of root, of another user, of a group, capabilities."""
        kind = min(map(list(Privilege).index, self.privileges))
        return kind, (self.gid if kind else self.uid) != ROOT

    @property
    def in_words(self) -> str:
        """What it gives, such as `setuid root` or `setgid 42`."""
        owners = {Privilege.SETUID: f" {self.uid or 'root'}", Privilege.SETGID: f" {self.gid or 'root'}"}
        return ", ".join(f"{each.value}{owners.get(each, '')}" for each in self.privileges)


@dataclass(frozen=True, slots=True)
class PrivilegedPrograms:
    """What a search found, in the order of its finding, and how far it came.

    `began` is when it began, in seconds since 1970: who was made privileged later may not be in it. `entries` are the
    names that it looked at, and `place` is where it is or stopped. `problem` says what kept it from seeing everything,
    a whole sentence's part. `unread` are directories that it could not look into (the first of `unread_count`);
    `left_out` are places that it left out on purpose, each with why.
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
