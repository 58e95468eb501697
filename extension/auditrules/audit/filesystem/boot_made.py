"""Adds to an image's files those that boot makes: the kernel's file systems, and the paths in tmpfiles.d(5).

They exist before auditd starts, so a rule on them does not stop the load. What they contain is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditrules.audit.filesystem.path_walk import above, parent
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.text import decode

# File systems that the kernel fills: on a running system any path below them may exist.
_KERNELS = frozenset({"/dev", "/proc", "/sys"})
# Directories that systemd mounts or makes before it starts the first unit (its src/shared/mount-setup.c), and in /run.
_ALWAYS = frozenset(
    {
        *_KERNELS,
        *("/dev/shm", "/dev/pts", "/dev/mqueue", "/dev/hugepages", "/sys/fs/cgroup"),  # noqa: S108 - as it is mounted
        *("/sys/kernel/security", "/sys/kernel/debug", "/sys/kernel/tracing", "/sys/fs/bpf", "/proc/sys"),
        *("/run", "/run/lock", "/run/user", "/run/log", "/run/log/journal", "/run/systemd", "/run/udev", "/run/mount"),
    }
)
_BELOW_KERNELS = tuple(f"{each}/" for each in _KERNELS)
_DIR = Entry("dir")


def _with_parents(paths: Iterable[str]) -> list[tuple[str, str]]:
    """The directories, and all above them except the root, each with its parent; parents come first."""
    return [(each, parent(each)) for each in sorted({each for path in paths for each in above(path)} - {"/"})]


_ALWAYS_WITH_PARENTS = _with_parents(_ALWAYS)
_DIRECTORIES = frozenset("dDvqQ")  # types of lines that make a directory
_OTHERS = frozenset("fFpLcbC")  # that make something else


def as_booted(files: Mapping[str, Entry], tmpfiles: Iterable[File]) -> Mapping[str, Entry]:
    """The entries of an image as they are when auditd starts. `tmpfiles` are the files of tmpfiles.d in force."""
    made = dict(_tmpfiles_paths(tmpfiles))
    directories = _ALWAYS_WITH_PARENTS
    if made:
        own = {path for path, is_directory in made.items() if is_directory}
        directories = _with_parents({*_ALWAYS, *own, *(parent(path) for path in made)})
    # What is missing below the kernel's file systems, or is made as something else, is not known.
    found = {
        path: entry
        for path, entry in files.items()
        if entry.type != "missing" or (path not in made and not path.startswith(_BELOW_KERNELS))
    }
    for path, above_it in directories:
        entry, folder = found.get(path), found.get(above_it)
        if folder is not None and folder.type == "dir" and (entry is None or entry.type == "missing"):
            found[path] = _DIR
    return found


def _tmpfiles_paths(tmpfiles: Iterable[File]) -> Iterator[tuple[str, bool]]:
    """Each path that tmpfiles.d makes, and whether it is a directory."""
    for file in tmpfiles:
        for line in decode(file.content or b"").split("\n"):
            kind, path, *_ = (*line.split(), "", "")
            if path.startswith("/") and "%" not in path and kind[:1] in _DIRECTORIES | _OTHERS:
                yield path.rstrip("/") or "/", kind[0] in _DIRECTORIES
