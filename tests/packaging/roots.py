"""A clean root to install into: Debian's smallest, with Python, in a folder; chroot goes in."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.core import Core
from tests.packaging.dist import said

# What a package manager notes of its own work.
NOTES = ("var/cache", "var/lib/dpkg", "var/lib/apt", "var/lib/rpm", "var/log", "tmp", "run")


@dataclass(frozen=True)
class Root:
    """A folder that is a system's root."""

    path: Path

    def run(self, *command: str, expect: int | None = 0) -> str:
        """Run a command in there, and return what it says; None expects any end."""
        return said(["chroot", str(self.path), *command], expect)

    def seen(self) -> dict[str, tuple[object, ...]]:
        """All that is there: type and mode, owner, and content."""
        return dict(self._entries(self.path))

    def _entries(self, folder: Path) -> Iterator[tuple[str, tuple[object, ...]]]:
        for path in sorted(folder.iterdir()):
            name = str(path.relative_to(self.path))
            if name in NOTES:
                continue
            found = path.lstat()
            content = ""
            if path.is_symlink():
                content = str(path.readlink())
            elif stat.S_ISREG(found.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            yield name, (stat.filemode(found.st_mode), found.st_uid, found.st_gid, content)
            if path.is_dir() and not path.is_symlink():
                yield from self._entries(path)

    def core(self) -> Core:
        """A stand-in core whose socket has the same path inside and outside."""
        folder = self.path / "run/em"
        folder.mkdir(exist_ok=True)
        twin = self.path / str(self.path).lstrip("/")
        if not twin.is_symlink():
            twin.parent.mkdir(parents=True, exist_ok=True)
            twin.symlink_to("/")
        return Core(folder)


def clean(path: Path) -> Root:
    """Make a clean root in a folder."""
    said(["debootstrap", "--variant=minbase", "--include=python3", "bookworm", str(path)])
    for name in ("etc/osquery", "opt/orbit", "usr/lib/osquery"):
        assert not (path / name).exists(), f"the root is not clean: /{name}"
    return Root(path)


def copied(root: Root, path: Path) -> Root:
    """Another root like it."""
    said(["cp", "-a", str(root.path), str(path)])
    return Root(path)
