"""Writing the archives of which the kernel makes its first file system ("newc", initramfs in the kernel's manual)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

# On Debian these are links into /usr; the packages of 12 still hold both spellings.
MERGED = ("bin", "lib", "lib64", "sbin")


class Archive:
    """One archive. A name that was added before is left as it is, so the first to add a name decides."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._names: set[str] = set()

    def folder(self, name: str, mode: int = 0o755) -> None:
        """Add a folder, and those above it."""
        self._add(name, stat.S_IFDIR | mode)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Add a regular file."""
        self._add(name, stat.S_IFREG | mode, data)

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def device(self, name: str, major: int, minor: int) -> None:
        """Add a character device."""
        self._add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def tree(self, name: str, folder: Path, *, but: Iterable[str] = ()) -> None:
        """Add all that is below a folder, links as links, but the names (paths in the archive) to leave out."""
        for path in sorted(folder.iterdir()):
            inside = merged(f"{name}/{path.name}".strip("/"))
            if inside in but:
                continue
            mode = stat.S_IMODE(path.lstat().st_mode)
            if path.is_symlink():
                self.link(inside, str(path.readlink()))
            elif path.is_dir():
                if inside not in MERGED:
                    self.folder(inside, mode)
                self.tree(inside if inside not in MERGED else f"usr/{inside}", path, but=but)
            else:
                self.file(inside, path.read_bytes(), mode)

    def close(self) -> None:
        """Write the end. Another archive may follow in the same file; the kernel unpacks one after the other."""
        self._entry("TRAILER!!!", 0)
        self._stream.write(bytes(-self._stream.tell() % 512))

    def _add(self, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        if name in self._names:
            return
        above = os.path.dirname(name)  # noqa: PTH120 - a name in the archive, no path of this machine
        if above:
            self.folder(above)
        self._names.add(name)
        self._entry(name, mode, data, device)

    def _entry(self, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        path = os.fsencode(name) + b"\0"
        inode = len(self._names)
        links, owner, changed = 1, 0, 0
        head = (inode, mode, owner, owner, links, changed, len(data), 0, 0, *device, len(path), 0)
        self._stream.write(b"070701" + b"".join(b"%08X" % number for number in head) + path)
        self._pad()
        self._stream.write(data)
        self._pad()

    def _pad(self) -> None:
        self._stream.write(bytes(-self._stream.tell() % 4))


def merged(name: str) -> str:
    """The name below /usr of what lies in one of the merged folders."""
    first, slash, _ = name.partition("/")
    return f"usr/{name}" if slash and first in MERGED else name
