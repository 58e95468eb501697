"""The mounts of a machine: which paths are on file systems where another machine, or a daemon, must answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditrules.audit.words import decode

# Touching a path on one of these may hang for good.
REMOTE = re.compile(r"nfs4?|cifs|smb3|smbfs|fuse(?!ctl).*|autofs|9p|ceph|glusterfs|afs|coda|ncpfs|lustre|orangefs|gpfs")

_OCTAL = re.compile(rb"\\([0-7]{3})")  # space, tab, newline and backslash, as the kernel writes them
_FIELDS = 4


def fields(content: bytes) -> Iterator[list[str]]:
    """The lines of /proc/self/mounts: device, mount point, type, options, and two numbers that mean nothing."""
    for line in content.split(b"\n"):
        found = [decode(_OCTAL.sub(_byte, field)) for field in line.split(b" ")]
        if len(found) >= _FIELDS:
            yield found


@dataclass(frozen=True, slots=True)
class Mounts:
    """Mount points and the types of their file systems; of two mounts on one point, the later."""

    types: Mapping[str, str]

    @classmethod
    def read(cls, content: bytes) -> Mounts:
        """Read the text of /proc/self/mounts."""
        return cls({line[1]: line[2] for line in fields(content)})

    def remote(self, path: str) -> str:
        """Return the type of the remote file system that an absolute path is on; empty: it is on a local one.

        The mount on `/` is not asked about: where that one hangs, nothing on this machine goes on.
        """
        point = path
        while point.strip("/"):
            kind = self.types.get(point)
            if kind is not None:
                return kind if REMOTE.fullmatch(kind) else ""
            point = point.rpartition("/")[0]
        return ""


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 8) & 0xFF,))
