"""A host of which nothing is known but a saved listing: no file of it can be looked at, so files are taken to be there.

The benchmarks' own paths are there as what the benchmarks say they are, every other path is a plain file, and there are
no links. Evidence says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.collected import Kernel, Sources
from auditrules.audit.model.host_facts import Entry, Facts, KernelBuild
from auditrules.audit.needs import needs
from auditrules.benchmarks import CONTROLS
from auditrules.benchmarks.control import TargetKind
from auditrules.benchmarks.services import Found, Services
from auditrules.host.kernel import KernelReader
from auditrules.host.limits import Limits
from auditrules.host.netlink import ask

_TYPES = {
    TargetKind.EXECUTABLE: "file",
    TargetKind.FILE: "file",
    TargetKind.DIRECTORY: "dir",
    TargetKind.SOCKET: "socket",
}
_NAMES = {control.subject.path: control.subject.name for control in CONTROLS}
_OWN = {control.subject.path: _TYPES[control.subject.kind] for control in CONTROLS}
# Two of their paths for the same thing, /usr/bin/runc and /usr/sbin/runc, are taken for two names of one file.
_REAL = {
    path: next(each.subject.path for each in CONTROLS if each.subject.name == name) for path, name in _NAMES.items()
}
_PLACES = {path for control in CONTROLS for path in control.paths}


class AssumedHost:
    """The host that a saved `auditctl -l` was made on. `release` is that of its kernel; empty: not known.

    Raises HostError if the file cannot be read.
    """

    def __init__(self, listing: str, release: str = "", limits: Limits = Limits()) -> None:  # noqa: B008 - it is frozen
        self._build = KernelBuild(release, None)
        self._kernel: Kernel = KernelReader("/", listing, programs=(), limits=limits, ask=ask).read()[0]

    def sources(self) -> Sources:
        """Give the listing, and the paths that its rules name."""
        content = self._kernel.saved.content if self._kernel.saved else None
        facts = Facts(files=self.look(needs([content or b""]).paths), assumed=True, kernel=self._build)
        return Sources(self._kernel, facts=facts)

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Give what is taken to be at paths, and at each step of the way there."""
        found: dict[str, Entry] = {}
        for path in paths:
            last, *folders = above(path)
            found.setdefault(last, Entry(_OWN.get(last, "file")))
            found.update(dict.fromkeys(folders, Entry("dir")))
        return found

    def services(self) -> Services:
        """Give a host with all that the benchmarks name, in the places that they name."""
        return Services(found={path: Found(_REAL[path], _OWN[path]) if path in _OWN else None for path in _PLACES})
