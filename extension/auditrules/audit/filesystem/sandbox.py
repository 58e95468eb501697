"""A systemd unit's view of the file system: systemd may mount other directories over those of the host.

A rule follows the files that its loader sees. A watch on a file that the loader does not see stops the load; one on a
directory that is another for the loader is listed, and never fires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditrules.audit.filesystem.path_walk import FileSystem, above
from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.values import dataclass, replace

# The device nodes of a private /dev (systemd.exec(5)).
DEVICES = frozenset({"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"})

_OWN = "sandbox"  # the device of an empty directory that systemd mounts


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Directories that differ for a unit's processes: `hidden` ones are empty, `unsure` ones have unknown content.

    `shown` are directories below hidden ones that are the host's own.
    """

    hidden: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether any directory differs from the host's."""
        return bool(self.hidden or self.unsure)

    def hides(self, path: str) -> bool | None:
        """Whether the host's entry at a resolved path is invisible; None if that is not known."""
        for each in above(path):
            if each in self.unsure:
                return None
            if each in self.shown:
                return False
            if each in self.hidden:
                return True
        return False

    def concerned(self, paths: Iterable[str]) -> frozenset[str]:
        """The differing directories that contain any of these paths, by their text."""
        others = self.hidden | self.unsure
        below = tuple(f"{each.rstrip('/')}/" for each in others)
        near = (path for path in paths if path in others or path.startswith(below))
        return frozenset(each for path in near for each in above(path) if each in others)

    def on(self, facts: Facts) -> Sandbox:
        """The same sandbox, with the directories' real paths on this host added, links followed."""
        file_system = FileSystem(facts)
        found = {
            kind: frozenset(file_system.walk(path).full_path for path in paths) | paths
            for kind, paths in (("hidden", self.hidden), ("shown", self.shown), ("unsure", self.unsure))
        }
        return Sandbox(**found)

    def facts(self, facts: Facts) -> Facts:
        """The facts of the host as a process in the sandbox finds them."""
        return replace(facts, files=_SandboxEntries(self.on(facts), facts.files)) if self else facts


NO_SANDBOX = Sandbox()


class _SandboxEntries(Mapping[str, Entry]):
    """The entries that a process in a sandbox sees."""

    def __init__(self, sandbox: Sandbox, files: Mapping[str, Entry]) -> None:
        self._sandbox = sandbox
        self._files = files

    def get(self, path: str, default: Entry | None = None) -> Entry | None:  # type: ignore[override]
        """The entry at a path, as the process sees it."""
        entry = self._files.get(path)
        hides = self._sandbox.hides(path)
        if hides is None:
            return default
        if not hides:
            return default if entry is None else entry
        folder, _, name = path.rpartition("/")
        if path in self._sandbox.hidden:
            # A file is hidden by a mount on it, and a watch does not cross a mount on the last name.
            is_file = entry is not None and entry.type != "dir"
            return entry if is_file else Entry("dir", dev=_OWN, ino=1 + sorted(self._sandbox.hidden).index(path))
        if folder == "/dev" and name in DEVICES:
            return Entry("char")
        return Entry("missing")

    def __getitem__(self, path: str) -> Entry:
        found = self.get(path)
        if found is None:
            raise KeyError(path)
        return found

    def __iter__(self) -> Iterator[str]:
        return (path for path in self._files if self.get(path) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
