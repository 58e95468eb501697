"""What became of rules behind whose back a host was changed: kernels/scenarios.jsonl, case by case.

In each case `did` is what a kernel did. What the host was like stands here, as a reader of it would have found it: the
files, which directories were made after the rules were loaded, and the mounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.answer import Coverage
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import ON, CoverageStatus
from auditrules.audit.coverage.explain import conditions
from auditrules.audit.coverage.history import History
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import (
    BinaryFormat,
    Entry,
    Facts,
    KernelBuild,
    Mount,
    PathChange,
    RulesLoad,
    ordinary_files,
)

Case = Mapping[str, Any]

LOADED, BEFORE, AFTER = 1000.0, 500.0, 2000.0
ROOT = Mount(1, 1, "/", "/", "ext4", "8:1", 0xEF53, early=True)


@dataclass(frozen=True)
class World:
    """A host: its files, of which some are others by another name, and which directories were made after the load."""

    files: tuple[str, ...]
    made: tuple[str, ...] = ()
    same: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    unmounted: tuple[str, ...] = ()
    all_since: bool = False
    changed: Mapping[str, PathChange] = field(default_factory=dict)

    @property
    def facts(self) -> Facts:
        """What a reader finds there."""
        entries = ordinary_files(*self.files)
        found = {
            path: replace(entry, dev="8:1", ino=100 + place) for place, (path, entry) in enumerate(entries.items())
        }
        files: dict[str, Entry] = {
            path: replace(found[self.same.get(path, path)], born=AFTER if path in self.made else None) for path in found
        }
        mounts = (ROOT, *self.mounts)
        unmounted = frozenset(self.unmounted)
        return Facts(files=files, mounts=mounts, unmounted=unmounted, lsm=("apparmor",), changed=self.changed)


def mount(point: str, fstype: str = "tmpfs", root: str = "/", since: float | None = None) -> Mount:
    """A mount on the root file system, at some time."""
    return Mount(2, 1, point, root, fstype, "8:1" if root != "/" else "0:40", since=since)


class Stage(NamedTuple):
    """Accesses of a case: the world that they are made in, their paths by the host's names, the keys of the rules."""

    world: World
    paths: Mapping[str, str] = {}
    keys: tuple[str, ...] = ()  # none: all that are listed


CONTAINER = World(
    ("/h/f", "/h/f2", "/h/d/g", "/h/d/sub/i", "/h/ino", "/h/outside", "/c/x", "/t/m/d/f", "/t/m/e/h"),
    same={"/h/f2": "/h/f", "/h/outside": "/h/d/g"},
    mounts=(mount("/t/m", "overlay", since=BEFORE),),
    all_since=True,
)
PROGRAMS = World(("/x/interp", "/x/script", "/x/script2", "/x/prog", "/x/fmt", "/x/magic.foo", "/x/fifo", "/x/watched"))
OVERLAY = World(
    ("/t/m/d/f", "/t/m/d/g", "/t/m/e/h", "/t/m/e/i", "/t/l/d/g", "/t/u/d/f"),
    mounts=(mount("/t", since=BEFORE), Mount(3, 2, "/t/m", "/", "overlay", "0:41")),
    all_since=True,
)
_INSIDE = {
    "/etc/f": "/h/f",
    "/dir/sub/i": "/h/d/sub/i",
    "/ino": "/h/ino",
    "sub/i": "/h/d/sub/i",
    "/d/f": "/t/m/d/f",
    "/e/h": "/t/m/e/h",
}
# By the beginning of the case's name, then of the access's note.
STAGES: Mapping[str, Mapping[str, Stage]] = {
    "container-like": {"": Stage(CONTAINER, _INSIDE)},
    "execution": {
        "only": Stage(PROGRAMS, keys=("fmt",)),
        "": Stage(PROGRAMS, keys=("interp", "script", "prog", "fmt", "magic")),
    },
    "ptrace": {"": Stage(PROGRAMS)},
    "x32": {"": Stage(PROGRAMS)},
    "atomic replacement": {"": Stage(World(("/r/etc/docker/daemon.json", "/r/bin/dockerd", "/r/etc2/daemon.json")))},
    "directory replaced: mv": {"": Stage(World(("/r/q/d/f", "/r/q/d.old/f"), made=("/r/q/d",)))},
    "directory replaced, path": {"": Stage(World(("/r/z/d/f", "/r/z/e/f"), made=("/r/z/d", "/r/z/e")))},
    "grandparent": {"": Stage(World(("/r/g/p/d/f",), made=("/r/g/p", "/r/g/p/d")))},
    "volume unmounted and mounted again (tmpfs": {
        "": Stage(World(("/v/f", "/v/d/g"), mounts=(mount("/v", since=AFTER),)))
    },
    "volume unmounted and mounted again (bind": {
        "": Stage(
            World(
                ("/store/f", "/store/d/g", "/v/f", "/v/d/g"),
                same={"/v": "/store", "/v/f": "/store/f", "/v/d": "/store/d", "/v/d/g": "/store/d/g"},
                mounts=(mount("/v", "ext4", "/store"),),
            )
        )
    },
    "tree rule on the mount point": {"": Stage(World(("/v/new", "/store/f")))},
    "tree rule above a mount": {"": Stage(World(("/ab/m/f", "/ab/x"), mounts=(mount("/ab/m"),)))},
    "mount --move": {
        "": Stage(
            World(("/m1/f", "/m1/d/g", "/m2/f", "/m2/d/g"), made=("/m1/d",), mounts=(mount("/m2", since=BEFORE),))
        )
    },
    "tmpfs over": {
        "": Stage(
            World(
                ("/o/d/f", "/o/d/n", "/o/f", "/o/other"),
                same={"/o/f": "/o/other"},
                mounts=(mount("/o/d", since=AFTER), Mount(3, 1, "/o/f", "/o/other", "ext4", "8:1")),
            )
        )
    },
    "overlay: path=": {"": Stage(OVERLAY)},
    "overlay remounted": {"": Stage(OVERLAY)},
    "overlay mounted below": {"": Stage(OVERLAY)},
    "user namespace": {"": Stage(World(("/h/f", "/h/d/g")))},
    "data-root": {
        "before": Stage(World(("/lib9/docker/x",))),
        "": Stage(World(("/lib9/docker/x",), made=("/lib9/docker",))),
    },
    "rsync style": {"": Stage(World(("/e9/docker/daemon.json",), made=("/e9/docker",)))},
}


class Answers(NamedTuple):
    """One letter of one access: what the kernel did, and what we say."""

    path: str
    note: str
    letter: str
    recorded: bool
    said: CoverageStatus
    reason: str

    @property
    def silent(self) -> bool:
        """Whether we say that it is recorded, and the kernel was silent."""
        return self.said is CoverageStatus.RECORDED and not self.recorded

    @property
    def untold(self) -> bool:
        """Whether the kernel recorded it, and we do not say so."""
        return self.recorded and self.said in (CoverageStatus.UNKNOWN, CoverageStatus.UNRECORDED)


def answers(
    case: Case, *, unmounted: tuple[str, ...] = (), changed: Mapping[str, PathChange] = MappingProxyType({})
) -> Iterator[Answers]:
    """Both answers to each access of a case.

    `unmounted`: points on which fstab mounts something, as it then says; `changed`: what a reader saw before, who looks
    again and again.
    """
    keys: tuple[str, ...] | None = None
    for what, *told in case["did"]:
        if what == "listing":
            keys = tuple(word.rpartition(" ")[2] for word in told[0])
        if what != "access":
            continue
        path, note, letters = told
        stage = _stage(case, note)
        world = replace(stage.world, unmounted=unmounted, changed=changed)
        found = covered(case, world, stage.paths.get(path, path), stage.keys or keys)
        by_letter = {each.permission: each for each in found.permissions}
        for letter, (result, recorded) in letters.items():
            if isinstance(result, int) and result >= 0 and result != FAILED:
                each = by_letter[letter]
                yield Answers(path, note, letter, bool(recorded), each.status, each.reason.value)


FAILED = 77  # how the program that executes says that it could not


def x32_answers(case: Case) -> Iterator[tuple[str, bool, bool]]:
    """What an x32 program did: whether the kernel recorded it, and whether we say that such calls escape."""
    x32 = dict(_LETTERS_OF_X32)
    for what, *told in case["did"]:
        if what in x32 and (told[0][0] if isinstance(told[0], list) else told[0]) >= 0:
            world = _stage(case, "").world
            found = covered(case, world, "/x/prog", None)
            (letter,) = (each for each in found.permissions if each.permission == x32[what])
            recorded = any(each[2] == x32[what] for each in told[1:] if each)
            yield what, recorded, _says_x32(replace(found, permissions=(letter,)))


_LETTERS_OF_X32 = (
    ("x32 openat r", "r"),
    ("x32 openat w", "w"),
    ("x32 openat w + write", "w"),
    ("x32 fchmodat", "a"),
    ("x32 fchmodat 0755", "a"),
    ("x32 unlinkat", "w"),
)


def _says_x32(found: Coverage) -> bool:
    return "except x32 calls" in conditions(found, "x86_64", older=False)


def _stage(case: Case, note: str) -> Stage:
    stages = next(stages for name, stages in STAGES.items() if case["name"].startswith(name))
    return next(stage for begin, stage in stages.items() if note.startswith(begin))


def covered(case: Case, world: World, path: str, keys: tuple[str, ...] | None) -> Coverage:
    """What we say of a path under the rules of a case with these keys (None: all)."""
    lines = [line for line in case["rules"] if keys is None or line.split()[-1].removeprefix("key=") in keys]
    facts = replace(
        world.facts,
        kernel=KernelBuild(case["kernel"], x32=case["kernel"] == "5.4"),
        binary_formats=(BinaryFormat("/x/fmt", ".foo"),),
    )
    inode = facts.files.get("/h/ino")
    if inode is not None:
        facts = replace(facts, files={**facts.files, "/h/ino": replace(inode, ino=3064)})
    loaded = load_rules("".join(f"{line}\n" for line in dict.fromkeys(lines)).encode(), facts)
    assert loaded.refused == (), loaded.refused
    file_system = FileSystem(facts)
    history = History(file_system, RulesLoad(LOADED, world.all_since))
    rules = RuleSet(loaded.rules, RuleResolver(file_system, history=history))
    return evaluate_path(path, AuditedHost(rules, file_system, ON))


# Where nothing at all shows that a mount went, as it was not one of boot's: only who saw it before can tell.
UNSEEN: Mapping[str, frozenset[str]] = {
    "tree rule on the mount point, bind; then umount: what of the point": frozenset({"/v/new"}),
    "mount --move": frozenset({"/m1/f"}),
}


def untold(case: Case) -> Iterator[str]:
    """What the kernel recorded and we do not say so, with the reason: rules that may be elsewhere, or that are."""
    for each in answers(case):
        if each.untold:
            yield f"{each.letter} of {each.path} {each.note}: recorded, here {each.said.value}, {each.reason}"


def disagreements(case: Case) -> Iterator[str]:
    """Where we say that an access is recorded and the kernel was silent; what no reader can see is left out."""
    for each in answers(case):
        if each.silent and each.path not in UNSEEN.get(case["name"], ()):
            yield f"{each.letter} of {each.path} {each.note}: recorded here, and the kernel was silent"
    for what, recorded, told in x32_answers(case):
        if not recorded and not told:
            yield f"{what}: the kernel was silent, and nothing says so here"
