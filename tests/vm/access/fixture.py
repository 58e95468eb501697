"""The tree of the random cases, as data, and in the guest: making it, and mending what an access changed."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

BUSYBOX = "/bin/busybox"
ENDS_AT_ONCE = bytes.fromhex("b83c00000031ff0f05")  # mov eax, 60; xor edi, edi; syscall


def program() -> bytes:
    """An ELF program for x86_64 that ends at once."""
    start, head = 0x400000, 64 + 56
    size = head + len(ENDS_AT_ONCE)
    numbers = (2, 62, 1, start + head, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", *numbers)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 0x1000) + ENDS_AT_ONCE


class Kind(Enum):
    """What an entry is."""

    DIRECTORY = "directory"
    FILE = "file"
    COPY = "copy of"
    LINK = "symbolic link to"
    HARD_LINK = "hard link to"


@dataclass(frozen=True, slots=True)
class Made:
    """One entry of the tree; its group is that of the same number as its owner."""

    kind: Kind
    content: bytes = b""
    target: str = ""
    mode: int = 0o644
    owner: int = 0


def _file(content: bytes = b"x", mode: int = 0o644, owner: int = 0) -> Made:
    return Made(Kind.FILE, content, mode=mode, owner=owner)


_DIRECTORY = Made(Kind.DIRECTORY, mode=0o755)
_PROGRAM = _file(program(), 0o755)

# In the order in which they are made.
TREE = {
    "/usr/bin/dockerd": _PROGRAM,
    "/usr/bin/containerd": _PROGRAM,
    "/usr/sbin/runc": _PROGRAM,
    "/usr/bin/dockerd-rootless.sh": _file(b"#!/usr/bin/dockerd\n", 0o755),
    "/usr/bin/docker-init": _file(b"#!/usr/bin/dockerd-rootless.sh\n", 0o755),
    "/usr/bin/docker": Made(Kind.COPY, target="/usr/bin/true", mode=0o755),  # dynamic: its exec has ld.so as a name
    "/usr/bin/docker-proxy": _file(program(), 0o4755, 1001),
    "/usr/bin/setuid-root": _file(program(), 0o4755),
    "/usr/bin/setgid-root": _file(program(), 0o2755),
    "/etc/docker": _DIRECTORY,
    "/etc/docker/daemon.json": _file(b"{}"),
    "/etc/docker/owned": _file(owner=1000),
    "/etc/docker/secret": _file(mode=0o600),
    "/etc/docker/certs": _DIRECTORY,
    "/etc/docker/certs/ca.pem": _file(),
    "/etc/docker/certs/deep": _DIRECTORY,
    "/etc/docker/certs/deep/key.pem": _file(),
    "/etc/docker/certs/empty": _DIRECTORY,
    "/etc/default": _DIRECTORY,
    "/etc/default/docker": _file(),
    "/usr/lib/systemd": _DIRECTORY,
    "/usr/lib/systemd/system": _DIRECTORY,
    "/usr/lib/systemd/system/docker.service": _file(),
    "/var/lib": _DIRECTORY,
    "/var/lib/docker": _DIRECTORY,
    "/var/lib/docker/bin": _DIRECTORY,
    "/var/lib/docker/bin/tool": _PROGRAM,
    "/var/lib/docker/mnt": _DIRECTORY,
    "/var/lib/docker/mnt/f": _PROGRAM,
    "/opt/d": _DIRECTORY,
    "/opt/d/dockerd": Made(Kind.HARD_LINK, target="/usr/bin/dockerd"),
    "/opt/d/daemon.json": Made(Kind.HARD_LINK, target="/etc/docker/daemon.json"),
    "/srv/t": Made(Kind.DIRECTORY, mode=0o777),
    "/srv/t/dockerd": Made(Kind.LINK, target="/usr/bin/dockerd"),
    "/srv/t/json": Made(Kind.LINK, target="../../etc/docker/daemon.json"),
    "/srv/t/ld": Made(Kind.LINK, target="/etc/docker"),
    "/srv/t/lb": Made(Kind.LINK, target="/usr/bin"),
    "/srv/t/mine": _file(owner=1000),
    "/srv/t/secret": _file(mode=0o600),
    "/srv/t/empty": _DIRECTORY,
    "/srv/t/gone": Made(Kind.LINK, target="/nowhere"),
    "/mnt/b": _DIRECTORY,
}
# What an access, or what happens before it, may make that was not there.
NEW = (
    *(f"{path}{suffix}" for path in TREE for suffix in (".new", ".old")),
    *("/etc/docker/new", "/etc/docker/certs/new", "/srv/t/new", "/usr/bin/dockerd.new", "/var/lib/docker/bin/new"),
    *("/opt/d/new", "/nowhere", "/etc/docker/certs/empty/x"),
)
MOUNTS = (("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/var/lib/docker/mnt"), ("-o", "bind", "/etc/docker", "/mnt/b"))


def build() -> None:
    """Make the tree and its mounts, once."""
    mend()
    for mount in MOUNTS:
        subprocess.run([BUSYBOX, "mount", *mount], check=True)
    mend()


def mend() -> None:
    """Give every entry back its type, size, owner and mode, and remove what was not there."""
    for name in NEW:
        _remove(Path(name))
    for name, made in TREE.items():
        path = Path(name)
        if not _whole(path, made):
            _remove(path)
            _make(path, made)


def _make(path: Path, made: Made) -> None:
    if made.kind is Kind.LINK:
        path.symlink_to(made.target)
    elif made.kind is Kind.HARD_LINK:
        path.hardlink_to(made.target)
    else:
        if made.kind is Kind.DIRECTORY:
            path.mkdir()
        elif made.kind is Kind.COPY:
            shutil.copyfile(made.target, path)
        else:
            path.write_bytes(made.content)
        os.chown(path, made.owner, made.owner)
        path.chmod(made.mode)


def _whole(path: Path, made: Made) -> bool:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if made.kind is Kind.LINK:
        return stat.S_ISLNK(status.st_mode)
    if made.kind is Kind.HARD_LINK:
        return path.samefile(made.target)
    if (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) != (made.mode, made.owner, made.owner):
        return False
    if made.kind is Kind.DIRECTORY:
        return stat.S_ISDIR(status.st_mode)
    size = len(made.content) if made.kind is Kind.FILE else Path(made.target).stat().st_size
    return stat.S_ISREG(status.st_mode) and status.st_size == size


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
