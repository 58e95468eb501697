"""Small file systems as facts, and what rules on them say of an access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from auditrules.audit.boot.load import load
from auditrules.audit.coverage.answer import Coverage
from auditrules.audit.coverage.filter_walk import ON, Auditing
from auditrules.audit.coverage.path_coverage import Host, cover
from auditrules.audit.coverage.resolved_rules import Placing
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import Places, parent
from auditrules.audit.model.host_facts import Entry, Facts, Mount
from auditrules.audit.needs import needs

DEV = "8:1"
NOTHING: Mapping[str, str] = MappingProxyType({})
LOADER = "/lib64/ld-linux-x86-64.so.2"

# A host as Debian lays it out, with Docker. Links are written as in `ls -l`; "= PATH" is another name of that file.
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


def facts(
    files: Mapping[str, str] = DOCKER, mounts: Iterable[Mount] = (), lsm: tuple[str, ...] = ("apparmor",)
) -> Facts:
    """The facts of a file system; folders come by themselves, inode numbers in the order of the paths."""
    entries = {"/": Entry("dir", dev=DEV, ino=2, mode=0o755, uid=0, gid=0)}
    folders = {each for path in files for each in _above(path)}
    for path in sorted({*files, *folders} - {"/"}):
        told = files.get(path, "dir")
        if told == "missing":
            entries[path] = Entry("missing")
        elif not told.startswith("= "):
            kind, target = ("link", told.removeprefix("-> ")) if told.startswith("-> ") else (told, "")
            entries[path] = Entry(kind, target, dev=DEV, ino=100 + len(entries), mode=0o755, uid=0, gid=0)
    entries |= {path: entries[told.removeprefix("= ")] for path, told in files.items() if told.startswith("= ")}
    root = Mount(1, 1, "/", "/", "ext4", DEV, 0xEF53, early=True)
    return Facts(files=entries, users={"root": 0}, groups={"root": 0}, lsm=lsm, mounts=(root, *mounts))


def _above(path: str) -> Iterable[str]:
    while path != "/":
        path = parent(path)
        yield path


def looked_at(on: Facts, paths: Iterable[str]) -> Facts:
    """The facts with paths that are not there, as a look at them finds."""
    steps = {step for path in paths for step in (path, *_above(path))}
    return replace(on, files={**dict.fromkeys(sorted(steps), Entry("missing")), **on.files})


def rules_of(lines: Iterable[str], on: Facts, *, fresh: bool = True) -> RuleSet:
    """Rules as auditctl would load them there; none is refused."""
    text = "".join(f"{line}\n" for line in lines).encode()
    host = looked_at(on, needs([text]).paths)
    loaded = load(text, host)
    assert loaded.refused == ()
    return RuleSet(loaded.rules, Placing(Places(host), fresh=fresh))


def covered(path: str, *lines: str, on: Facts | None = None, auditing: Auditing = ON, fresh: bool = True) -> Coverage:
    """What of a path those rules record."""
    host = on or facts()
    return cover(path, Host(rules_of(lines, host, fresh=fresh), Places(looked_at(host, [path])), auditing))
