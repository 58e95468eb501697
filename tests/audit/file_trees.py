"""Small file systems, made on the disk and collected as a host's are, and what rules on them say of an access."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType

from auditrules.audit.boot.load import load_rules
from auditrules.audit.boot.load_time import UNKNOWN_TIME
from auditrules.audit.coverage.answer import Coverage
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import ON, Auditing
from auditrules.audit.coverage.history import History
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.mounts import Mounts
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Entry, Facts, Mount, RulesLoad
from auditrules.audit.needs import needs
from auditrules.host.rootfs import Tree

DEV = "8:1"
NOTHING: Mapping[str, str] = MappingProxyType({})
LOADER = "/lib64/ld-linux-x86-64.so.2"
_KINDS = {"file": stat.S_IFREG, "fifo": stat.S_IFIFO, "socket": stat.S_IFSOCK}

# A host as Debian lays it out, with Docker. Links are written as in `ls -l`; "= PATH" is another name of that file;
# what is missing is looked at.
DOCKER: Mapping[str, str] = MappingProxyType(
    {
        "/bin": "-> usr/bin",
        "/etc/docker/daemon.json": "file",
        "/etc/docker/certs/ca.pem": "file",
        "/lib64": "-> usr/lib64",
        "/usr/lib64/ld-linux-x86-64.so.2": "file",
        "/opt/dockerd": "-> /usr/bin/dockerd",
        "/opt/hard": "= /usr/bin/dockerd",
        "/usr/bin/dockerd": "file",
        "/usr/bin/containerd": "file",
        "/usr/bin/new": "missing",
        "/var/lib/docker/overlay2/layer": "file",
    }
)


class Seen(dict[str, Entry]):
    """The entries that the collector saw of a tree, which is there to be looked at further."""

    def __init__(self, look: Callable[[frozenset[str]], Mapping[str, Entry]], entries: Mapping[str, Entry]) -> None:
        super().__init__(entries)
        self.look = look


def facts(
    files: Mapping[str, str] = DOCKER, mounts: Iterable[Mount] = (), lsm: tuple[str, ...] = ("apparmor",)
) -> Facts:
    """The facts of a file system of which every path in `files` was looked at; folders come by themselves."""
    mounted = (Mount(1, 1, "/", "/", "ext4", DEV, 0xEF53, early=True), *mounts)
    look = partial(_look, _made(tuple(files.items())), mounted)
    seen = Seen(look, look(frozenset(files)))
    return Facts(files=seen, users={"root": 0}, groups={"root": 0}, lsm=lsm, mounts=mounted)


def looked_at(on: Facts, paths: Iterable[str]) -> Facts:
    """The facts with further paths looked at."""
    assert isinstance(on.files, Seen)
    return replace(on, files=Seen(on.files.look, {**on.files.look(frozenset(paths)), **on.files}))


def with_entries(on: Facts, entries: Mapping[str, Entry]) -> Facts:
    """The facts with some entries taken for others, as of a file that is mounted on another."""
    assert isinstance(on.files, Seen)
    return replace(on, files=Seen(on.files.look, {**on.files, **entries}))


@lru_cache(1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


@lru_cache
def _made(files: tuple[tuple[str, str], ...]) -> str:
    """The root folder of a tree on the disk."""
    root = tempfile.mkdtemp(dir=_folder().name)
    for path, told in sorted(files, key=lambda item: item[1].startswith("= ")):
        place = Path(root + path)
        if told != "missing":
            place.parent.mkdir(parents=True, exist_ok=True)
        match told.partition(" "):
            case ["->", _, target]:
                place.symlink_to(target)
            case ["=", _, other]:
                place.hardlink_to(root + other)
            case ["dir", _, _]:
                place.mkdir(exist_ok=True)
            case [("file" | "fifo" | "socket") as kind, _, _]:
                os.mknod(place, _KINDS[kind] | 0o755)
            case _:
                assert told == "missing", told
    return root


@lru_cache(1000)
def _look(root: str, mounts: tuple[Mount, ...], paths: frozenset[str]) -> Mapping[str, Entry]:
    """What the collector sees, on the devices of those mounts; all of it is root's, and open to all."""
    with closing(Tree(root, Mounts.of(mounts).remote)) as tree:
        seen = tree.look(paths)
    file_system = FileSystem(Facts(mounts=mounts))
    return {path: _labelled(entry, file_system.mount(path)) for path, entry in seen.items()}


def _labelled(entry: Entry, mount: Mount | None) -> Entry:
    if entry.type == "missing" or mount is None:
        return entry
    return replace(entry, dev=mount.dev, mode=0o777 if entry.type == "link" else 0o755, uid=0, gid=0)


def rules_of(lines: Iterable[str], on: Facts, *, fresh: bool = True, load: RulesLoad = UNKNOWN_TIME) -> RuleSet:
    """Rules as auditctl would load them there, or did at that time; none is refused."""
    text = "".join(f"{line}\n" for line in lines).encode()
    host = looked_at(on, needs([text]).paths)
    loaded = load_rules(text, host)
    assert loaded.refused == ()
    file_system = FileSystem(host)
    return RuleSet(loaded.rules, RuleResolver(file_system, fresh=fresh, history=History(file_system, load)))


def covered(path: str, *lines: str, on: Facts | None = None, auditing: Auditing = ON, fresh: bool = True) -> Coverage:
    """What of a path those rules record."""
    host = on or facts()
    return evaluate_path(
        path, AuditedHost(rules_of(lines, host, fresh=fresh), FileSystem(looked_at(host, [path])), auditing)
    )
