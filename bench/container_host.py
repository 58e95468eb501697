"""A busy container host in a mount namespace of this process: rules in three places, mounts that come and go, units.

The folders that it changes are overlays on this machine's own, and end with the process. What the rules name is there,
as on a host whose kernel took them.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

from auditrules.audit.boot.augenrules import Awk, merge
from bench.listing import SetupError
from bench.rulesets import lines, named

MOUNTS = 300
UNITS = 200
RULES_FILES = 4

_FOLDERS = ("/etc", "/usr", "/opt", "/srv", "/run", "/var")
_DOCKER = Path("/var/lib/docker/overlay2")
_NETNS = Path("/run/docker/netns")
_UNITS = Path("/usr/lib/systemd/system")
_NEWNS, _BIND, _PRIVATE, _DETACH = 0x20000, 0x1000, 0x4000 | 0x40000, 2

_AUDITD = (
    "[Service]\nExecStart=/sbin/auditd\nExecStartPost=-/sbin/augenrules --load\n[Install]\nWantedBy=multi-user.target\n"
)


class ContainerHost:
    """The host itself: this process sees it, and nobody else. Raises SetupError where the machine gives none."""

    def __init__(self, count: int) -> None:
        self.lines = lines(count)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._done("a mount namespace", self._libc.unshare(_NEWNS))
        self._mount("none", "/", "", _PRIVATE)
        for folder in filter(os.path.isdir, _FOLDERS):
            self._over(folder)
        paths = [Path(path) for path in named(self.lines)]
        for parent in {path.parent for path in paths}:
            parent.mkdir(parents=True, exist_ok=True)
        for path in paths:
            if not os.path.lexists(path):
                path.touch()
        self.load(self.lines)
        self._boot()
        for number in range((MOUNTS - len(self._mounted())) // 2):
            self.start_container(number)

    def load(self, rules: Sequence[str]) -> None:
        """Write the rules to rules.d, and to audit.rules what augenrules makes of that."""
        folder = Path("/etc/audit/rules.d")
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():  # a package has brought one, which augenrules would merge as well
            file.unlink()
        size = -(-len(rules) // RULES_FILES)
        texts = {f"{n}0-site.rules": rules[n * size : (n + 1) * size] for n in range(RULES_FILES)}
        files = {"00-start.rules": b"-D\n-b 8192\n"}
        files |= {name: "".join(f"{line}\n" for line in texts[name]).encode() for name in texts}
        for name, content in files.items():
            replaced(folder / name, content)
        replaced(folder.parent / "audit.rules", merge(files, Awk.GAWK, (3, 0, 9)).content)

    def start_container(self, number: int) -> None:
        """Mount what Docker mounts for a container: the layers of its file system, and its network's namespace."""
        layers = _DOCKER / f"{number:064x}"
        for part in ("lower", "diff", "work", "merged"):
            (layers / part).mkdir(parents=True, exist_ok=True)
        options = f"lowerdir={layers}/lower,upperdir={layers}/diff,workdir={layers}/work"
        self._mount("overlay", f"{layers}/merged", "overlay", 0, options)
        space = _NETNS / f"{number:012x}"
        _NETNS.mkdir(parents=True, exist_ok=True)
        space.touch()
        self._mount("/proc/self/ns/net", str(space), "", _BIND)

    def stop_container(self, number: int) -> None:
        """Unmount it again."""
        for point in (_DOCKER / f"{number:064x}/merged", _NETNS / f"{number:012x}"):
            self._done(f"umount {point}", self._libc.umount2(os.fsencode(point), _DETACH))

    def _boot(self) -> None:
        """Write the units: auditd's own, and as many others as a host has."""
        wants = Path("/etc/systemd/system/multi-user.target.wants")
        for folder in (_UNITS, wants):
            folder.mkdir(parents=True, exist_ok=True)
        for number in range(UNITS - 1):
            (_UNITS / f"site-{number}.service").write_text("[Service]\nExecStart=/bin/true\n", encoding="ascii")
        replaced(_UNITS / "auditd.service", _AUDITD.encode())
        if not (wants / "auditd.service").is_symlink():
            (wants / "auditd.service").symlink_to(_UNITS / "auditd.service")
        for program, said in {"augenrules": ":", "auditctl": "echo auditctl version 3.0.9"}.items():
            path = Path("/usr/sbin", program)
            if not path.exists():
                path.write_text(f"#!/bin/sh\n{said}\n", encoding="ascii")
                path.chmod(0o755)

    def _over(self, folder: str) -> None:
        """Cover a folder with an overlay in memory, to which everything is written."""
        self._mount("none", "/mnt", "tmpfs")
        for part in ("upper", "work"):
            Path("/mnt", part).mkdir()
        self._mount("overlay", folder, "overlay", 0, f"lowerdir={folder},upperdir=/mnt/upper,workdir=/mnt/work")
        self._done("umount /mnt", self._libc.umount2(b"/mnt", _DETACH))
        if folder == "/var":  # layers lie on no overlay
            _DOCKER.mkdir(parents=True, exist_ok=True)
            self._mount("none", str(_DOCKER), "tmpfs")

    @staticmethod
    def _mounted() -> list[str]:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()

    def _mount(self, source: str, point: str, kind: str, flags: int = 0, options: str = "") -> None:
        what = f"mount {kind} on {point}"
        self._done(what, self._libc.mount(*map(os.fsencode, (source, point, kind)), flags, os.fsencode(options)))

    @staticmethod
    def _done(what: str, result: int) -> None:
        if result:
            why = os.strerror(ctypes.get_errno())
            raise SetupError(f"expected {what}, which takes root and CAP_SYS_ADMIN: {why}")


def replaced(path: Path, content: bytes) -> None:
    """Write a file as a package or an editor does: beside it, then in its place."""
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.chmod(0o640)
    new.rename(path)
