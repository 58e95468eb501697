"""In the guest: what a reader of the file system could know of the paths a case is about, by lstat, step by step."""

from __future__ import annotations

import ctypes
import os
import re
import stat
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MOST_LINKS = 40  # as the kernel counts
MOST_INTERPRETERS = 5
TYPES = {
    stat.S_IFDIR: "dir",
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
}
PT_INTERP = 3

Entry = dict[str, Any]


def snapshot(paths: Iterable[str], accessed: Iterable[str]) -> dict[str, Entry]:
    """Every prefix of the paths as spelled, every step of walking them, and the interpreters of those accessed."""
    found: dict[str, Entry] = {}
    for path in paths:
        _walk(path, found)
    for path in accessed:
        step: str | None = path
        for _ in range(MOST_INTERPRETERS):
            end = _walk(step, found) if step else None
            step = found[end].get("interp") if end else None
            if not step or not step.startswith("/"):
                break
    return found


def _walk(path: str, found: dict[str, Entry]) -> str | None:
    """Look at each step of a path, links followed; the file it ends at, None if it ends nowhere."""
    parts = [part for part in path.split("/") if part]
    for number in range(len(parts) + 1):
        _look("/" + "/".join(parts[:number]), found)
    at: list[str] = []
    links = 0
    while parts:
        part = parts.pop(0)
        if part == ".":
            continue
        if part == "..":
            at = at[:-1]
            continue
        entry = _look("/" + "/".join([*at, part]), found)
        if entry["type"] == "missing":
            return None
        if entry["type"] != "link":
            at.append(part)
            continue
        links += 1
        if links > MOST_LINKS:
            return None
        if entry["target"].startswith("/"):
            at = []
        parts = [part for part in entry["target"].split("/") if part] + parts
    return "/" + "/".join(at)


def _look(path: str, found: dict[str, Entry]) -> Entry:
    if path not in found:
        found[path] = entry(path)
    return found[path]


def entry(path: str) -> Entry:
    """What lstat says of one path."""
    try:
        status = os.lstat(path)
    except OSError as error:
        return {"type": "missing"} if error.errno == 2 else {"type": "missing", "errno": error.errno}
    row: Entry = {"type": TYPES[stat.S_IFMT(status.st_mode)], "dev": _device(status.st_dev), "ino": status.st_ino}
    if row["type"] == "link":
        row["target"] = str(Path(path).readlink())
    row |= {"nlink": status.st_nlink, "mode": f"{stat.S_IMODE(status.st_mode):04o}"}
    row |= {"uid": status.st_uid, "gid": status.st_gid}
    if row["type"] == "file" and (named := interpreter(path)):
        row["interp"] = named
    return row


def _device(number: int) -> str:
    return f"{os.major(number)}:{os.minor(number)}"


def interpreter(path: str) -> str | None:
    """The interpreter that a script's first line or an ELF program names."""
    with Path(path).open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(b"#!"):
        words = head[2:].split(b"\n")[0].split()
        return os.fsdecode(words[0]) if words else None
    if not head.startswith(b"\x7fELF\x02"):
        return None
    (table,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    for number in range(count):
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", head, table + number * size)
        if kind == PT_INTERP:
            return os.fsdecode(head[offset : offset + length].rstrip(b"\0"))
    return None


class Mounts:
    """The mounts, in mount order; looked at again only when they changed."""

    def __init__(self) -> None:
        self._text = ""
        self._rows: list[Entry] = []
        self._magic: dict[str, int] = {}
        self._libc = ctypes.CDLL(None)

    def rows(self) -> list[Entry]:
        text = Path("/proc/self/mountinfo").read_text()
        if text != self._text:
            self._text, self._rows = text, [self._row(line) for line in text.splitlines()]
        return self._rows

    def _row(self, line: str) -> Entry:
        left, _, right = line.partition(" - ")
        words, kind = left.split(), right.split()[0]
        place = _plain(words[4])
        if kind not in self._magic:
            self._magic[kind] = self._of_statfs(place)
        named = {"mount_point": place, "root": _plain(words[3]), "fstype": kind, "dev": words[2]}
        return named | {"magic": self._magic[kind]}

    def _of_statfs(self, path: str) -> int:
        """f_type of statfs: the superblock's magic number."""
        answer = ctypes.create_string_buffer(256)
        if self._libc.statfs(os.fsencode(path), answer):
            raise OSError(f"statfs of {path}")
        return int.from_bytes(answer.raw[:8], "little")


def _plain(text: str) -> str:
    """A path without the octal escapes of /proc/self/mountinfo."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def named(line: str) -> list[str]:
    """The absolute paths that a line of a rules file names."""
    return re.findall(r"(?:^-w |\b(?:path|dir|exe)!?=)(/\S*)", line)
