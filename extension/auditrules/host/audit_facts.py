"""Reads the `Facts` on which the meaning of rules depends: entries at paths, ids of users and groups, the kernel."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from auditrules.audit.filesystem.boot_made import as_booted
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Entry, Facts, KernelBuild, Version
from auditrules.audit.needs import Needs
from auditrules.host.accounts import NameService, group_id, ids, user_id
from auditrules.host.kernel_build import read_kernel_build
from auditrules.host.limits import Limits
from auditrules.host.rootfs import Tree
from auditrules.host.tmpfiles import read_tmpfiles


class FactsReader:
    """Reads the facts of one root, repeatedly. `here`: it is this machine's root. `release` is as in `Host`."""

    def __init__(self, *, here: bool, limits: Limits, release: str) -> None:
        self._here = here
        self._limits = limits
        self._release = release
        self._build: KernelBuild | None = None  # it can't change before the next boot
        self._tmpfiles: tuple[File, ...] | None = None  # of an image, which does not change
        self._booted: tuple[Mapping[str, Entry], Mapping[str, Entry]] | None = None  # the last entries, and as booted
        self._users = NameService(user_id, limits.names)
        self._groups = NameService(group_id, limits.names)

    def read(self, tree: Tree, wanted: Needs, version: Version, paths: Iterable[str], cmdline: File | None) -> Facts:
        """Look up the names in rules (`wanted`), and paths. `version` is auditctl's."""
        if self._build is None:
            self._build = read_kernel_build(tree, self._release, self._limits.file, cmdline, here=self._here)
        return Facts(
            version=version,
            machine=os.uname().machine,
            kernel=self._build,
            files=self.seen(tree, paths),
            users=self._ids(tree, "/etc/passwd", wanted.users, self._users),
            groups=self._ids(tree, "/etc/group", wanted.groups, self._groups),
            lsm=self._lsm(tree) if self._here else None,
        )

    def seen(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Look up paths; entries of an image are as they would be after a boot."""
        seen = tree.look(paths)
        if self._here:
            return seen
        if self._tmpfiles is None:
            self._tmpfiles = read_tmpfiles(tree)
        if self._booted is None or self._booted[0] is not seen:
            self._booted = (seen, as_booted(seen, self._tmpfiles))
        return self._booted[1]

    def _lsm(self, tree: Tree) -> tuple[str, ...] | None:
        found = tree.read("/sys/kernel/security/lsm", self._limits.file)
        return tuple(found.content.decode("ascii", "replace").strip().split(",")) if found and found.content else None

    def _ids(self, tree: Tree, path: str, names: frozenset[str], service: NameService) -> Mapping[str, int] | None:
        """Return the ids of a root's users or groups. None: the names are not known."""
        file = tree.read(path, self._limits.file) or File(path, content=b"" if self._here else None)
        if file.content is None:
            return None
        known = ids(file.content)
        if not self._here:
            return known
        others = service.ids(names - known.keys())
        return None if others is None else {**others, **known}
