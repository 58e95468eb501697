"""Reads how osquery and the extension are set up on a host: processes, flags, load file, packs and extension files.

A file that a command line names is read only if the process is root's or the reader's own. Only regular files count,
outside the kernel's own file systems, and only the first megabytes of each.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from auditrules.audit.filesystem.mounts import Mounts
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.text import decode
from auditrules.doctor import wrapper
from auditrules.doctor.facts import (
    NAME,
    PROJECT,
    SUFFIX,
    Daemon,
    ExtensionFile,
    Installation,
    InstalledPack,
    LoadFile,
    PathChain,
    PathStat,
    Stranger,
    load_files,
)
from auditrules.doctor.flags import flags_of_arguments, flags_of_file
from auditrules.doctor.loading import is_stub, shebang
from auditrules.host.limits import HostError
from auditrules.host.open_folders import UnreadableError
from auditrules.host.processes import Candidate, candidates, file_at
from auditrules.host.rootfs import Tree, local
from auditrules.tables import SCHEMAS
from auditrules.values import replace

PACK_FOLDERS = (f"/usr/share/{PROJECT}/packs", "/etc/osquery/packs")
PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.10", "python3")  # as in the stub of the extension

_TEXT = 4 << 20  # bytes of a file that people write; osquery takes no more of a configuration
_START = 4096  # bytes of a program that show what it is
_KINDS = {"dir": "directory", "file": "regular", "char": "character"}  # types that osquery names differently
_OSQUERYD = "osqueryd"

# Their regular files may have no end, or lose to others what we read, as /proc/kmsg does.
_KERNELS = frozenset(
    {"bpf", "cgroup", "cgroup2", "configfs", "debugfs", "efivarfs", "proc", "pstore", "securityfs", "sysfs", "tracefs"}
)
_KERNELS_FOLDERS = {"proc": "proc", "sys": "sysfs"}  # for a root whose mounts are not known


class Setup:
    """A host by its root directory, as in `Host`. Raises HostError if the mounts of this machine can't be read."""

    def __init__(self, root: str = "/") -> None:
        here = not os.path.realpath(root).strip("/")
        self._root = root
        mounts = _mounts() if here else None
        self._remote = partial(_untouched, mounts)
        self._identity = file_at(mounts.remote if mounts else local)

    def daemons(self) -> tuple[Daemon, ...]:
        """Find the running daemons, without the workers that they have started."""
        with closing(Tree(self._root, self._remote)) as tree:
            found = {each.pid: each for each in self._candidates() if not each.doubt}
            masters = (each for each in found.values() if each.parent not in found)
            return tuple(_daemon(tree, each.pid, each.arguments[1:]) for each in masters)

    def installation(self, daemons: tuple[Daemon, ...]) -> Installation:
        """Read the files that these daemons load, and the packs."""
        with closing(Tree(self._root, self._remote)) as tree:
            lists = [self._load_file(tree, path) for path in load_files(daemons)]
            if not daemons:  # the load files may be at several places: keep those that exist
                lists = [each for each in lists if each.lines is not None or each.error] or lists[:1]
            pythons = (tree.end(f"/usr/bin/{name}") for name in PYTHONS)
            return Installation(
                root=os.geteuid() == 0,
                daemons=daemons,
                load_files=tuple(lists),
                pythons=tuple(dict.fromkeys(end[0] for end in pythons if end and end[1].type == "file")),
                packs=tuple(_packs(tree)),
                strangers=tuple(Stranger(each.pid, each.doubt) for each in self._candidates() if each.doubt),
                path_chains=_path_chains(tree, _believed(daemons, lists)),
            )

    def _candidates(self) -> Iterator[Candidate]:
        return candidates(_OSQUERYD, self._identity, f"{self._root.rstrip('/')}/proc")

    def _load_file(self, tree: Tree, path: str) -> LoadFile:
        file = tree.read(path, _TEXT)
        if file is None or file.content is None:
            return LoadFile(path, error=file.error if file else "")
        lines = [line.strip() for line in decode(file.content).split("\n")]
        lines = [line for line in lines if line and not line.startswith(("#", ";"))]
        # osquery starts a file once, even if it is named twice.
        named = dict.fromkeys(path for line in lines for path in _named(tree, line))
        ours = tuple(each for path in named if (each := _extension(tree, path)))
        return LoadFile(path, tuple(lines), files=ours)


def _believed(daemons: Iterable[Daemon], lists: Iterable[LoadFile]) -> Iterator[str]:
    """The files from which root's osquery takes flags and extensions, and our programs that it then runs."""
    yield from (daemon.flags["flagfile"] for daemon in daemons if "flagfile" in daemon.flags)
    for each in lists:
        yield each.path
        for file in (one for named in each.files for one in (named, named.starts) if one):
            yield from filter(None, (file.path, shebang(file.start)))


def _named(tree: Tree, line: str) -> list[str]:
    """The files that a line of the load file names. If it names a folder, the files there that osquery would load."""
    end = tree.end(line)
    if not line.startswith("/") or end is None or end[1].type != "dir":
        return [line]
    try:
        return [f"{line.rstrip('/')}/{name}" for name in tree.names(line) if name.endswith(SUFFIX)]
    except UnreadableError:
        return []


def _extension(tree: Tree, path: str) -> ExtensionFile | None:
    """Look at a file that osquery loads; None if it seems to be another extension."""
    file = _program(tree, path)
    end = tree.end(path)
    started = wrapper.started(path, decode(file.start))
    if started is None:
        return file if _is_ours(path) or _is_ours(end[0] if end else "") or is_stub(file.start) else None
    return replace(file, starts=_program(tree, started) if started else ExtensionFile(""))


def _is_ours(path: str) -> bool:
    """Whether a file seems to be the extension. Its suffix does not matter here: it may be what is wrong."""
    return path.rpartition("/")[2].startswith(NAME)


def _program(tree: Tree, path: str) -> ExtensionFile:
    if not path.startswith("/"):
        return ExtensionFile(path)
    file = tree.read(path, _START, cut=True)
    start = (file.content if file else None) or b""
    interpreter = shebang(start)
    return ExtensionFile(
        path,
        place=_place(tree, path),
        folder=_place(tree, path.rpartition("/")[0] or "/"),
        start=start,
        error=file.error if file else "",
        interpreter=_place(tree, interpreter) if interpreter else None,
    )


def _place(tree: Tree, path: str) -> PathStat | None:
    end = tree.end(path)
    return _as_place(end[1]) if end else None


def _path_chains(tree: Tree, paths: Iterable[str]) -> dict[str, PathChain]:
    found = {path: end for path in paths if path.startswith("/") and (end := tree.end(path))}
    return {path: PathChain(_as_place(end), _folders(tree, path, name)) for path, (name, end) in found.items()}


def _folders(tree: Tree, path: str, end: str) -> dict[str, PathStat]:
    steps = tree.look([path]).items()
    return {name: _as_place(entry) for name, entry in steps if entry.type == "dir" and name != end}


def _as_place(entry: Entry) -> PathStat:
    return PathStat(_KINDS.get(entry.type, entry.type), entry.mode or 0, entry.uid or 0, entry.gid or 0)


def _untouched(mounts: Mounts | None, path: str) -> str:
    """The type of the path's file system if it must not be touched, else empty. Flags and lists may name any path."""
    if mounts is None:
        return _KERNELS_FOLDERS.get(path.split("/")[1], "")
    kind = mounts.type(path)
    return mounts.remote(path) or (kind if kind in _KERNELS else "")


def _mounts() -> Mounts:
    try:
        return Mounts.read(Path("/proc/self/mounts").read_bytes())
    except OSError as error:
        raise HostError(f"/proc/self/mounts: {error.strerror}: is /proc mounted?") from error


def _daemon(tree: Tree, pid: int, words: Sequence[str]) -> Daemon:
    flags = flags_of_arguments(words)
    path = flags.get("flagfile")
    if not path:
        return Daemon(pid, flags)
    if not path.startswith("/"):
        return Daemon(pid, flags, flagfile_error="expected an absolute path: a relative one is not looked for")
    file = tree.read(path, _TEXT)
    if file is None or file.content is None:
        return Daemon(pid, flags, flagfile_error=file.error if file else "it is not there")
    return Daemon(pid, {**flags_of_file(decode(file.content)), **flags})


def _packs(tree: Tree) -> Iterator[InstalledPack]:
    """The packs that name a table of ours. osquery's own folder may hold other packs."""
    for folder in PACK_FOLDERS:
        try:
            names = [name for name in tree.names(folder) if name.endswith((".conf", ".json"))]
        except UnreadableError as error:
            yield InstalledPack(folder, error=str(error))
            continue
        for name in names:
            path = f"{folder}/{name}"
            file = tree.read(path, _TEXT)
            text = decode(file.content) if file and file.content is not None else ""
            if file and (file.error or any(schema.name in text for schema in SCHEMAS)):
                yield InstalledPack(path, text, file.error)
