"""What benchmarks ask of system calls, and the ways in which rules say the same, or less. One table for all tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

Calls = Callable[[tuple[str, ...]], Iterable[str]]


def _together(names: tuple[str, ...]) -> list[str]:
    return [",".join(names)]


LOGIN_USERS = ("auid>=1000", "auid!=unset")


@dataclass(frozen=True)
class Family:
    """Rules of one family: calls by arch, and conditions. `narrower` leaves some of what is asked out."""

    b64: tuple[str, ...]
    b32: tuple[str, ...] = ()
    fields: tuple[str, ...] = LOGIN_USERS
    compare: tuple[str, ...] = ()
    narrower: str = "success=0"

    @property
    def arches(self) -> Mapping[str, tuple[str, ...]]:
        return {arch: calls for arch, calls in (("b64", self.b64), ("b32", self.b32)) if calls}

    @property
    def conditions(self) -> str:
        return "".join(f" -F {field}" for field in self.fields) + "".join(f" -C {pair}" for pair in self.compare)

    def lines(self, *, calls: Calls = _together, more: str = "", **new: str) -> list[str]:
        """One rule for each arch, as the benchmark has it but for what is new; `calls` gives several rules' calls."""
        said = {"add": "-a always,exit", "conditions": self.conditions, "key": " -k fam", **new}
        return [
            f"{said['add']} -F arch={arch} -S {each}{said['conditions']}{more}{said['key']}"
            for arch, names in self.arches.items()
            for each in calls(names)
        ]


def both(*calls: str, **more: tuple[str, ...] | str) -> Family:
    return Family(calls, calls, **more)  # type: ignore[arg-type]


_ACCESS = ("creat", "open", "truncate", "ftruncate", "open_by_handle_at", "openat2", "openat")
_PERMITTED = ("creat", "open", "openat", "truncate", "ftruncate", "openat2", "open_by_handle_at")
_XATTR = ("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr")

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "user emulation": both("execve", fields=("auid!=unset",), compare=("euid!=uid",)),
        "sudo commands": both("execve", fields=("euid=0", *LOGIN_USERS), compare=("euid!=uid",)),
        "setuid programs": both("execve", fields=("euid=0",), compare=("uid!=euid",)),
        "setgid programs": both("execve", fields=("egid=0",), compare=("gid!=egid",)),
        "time": Family(("adjtimex", "settimeofday"), ("adjtimex", "settimeofday", "stime"), fields=()),
        "wall clock": both("clock_settime", fields=("a0=0x0",), narrower="uid=33"),
        "host name": both("sethostname", "setdomainname", fields=()),
        "access denied": both(*_ACCESS, fields=("exit=-EACCES", *LOGIN_USERS), narrower="uid=33"),
        "access not permitted": both(*_PERMITTED, fields=("exit=-EPERM", *LOGIN_USERS), narrower="uid=33"),
        "mode": both("chmod", "fchmod", "fchmodat"),
        "owner": both("chown", "fchown", "lchown", "fchownat"),
        "attributes": both(*_XATTR, narrower="uid=33"),
        "attributes by root": both(*_XATTR, fields=("auid=0",), narrower="uid=33"),
        "mounts": both("mount", "umount2", narrower="uid=33"),
        "deletion": both("unlink", "unlinkat", "rename", "renameat", "renameat2", "rmdir"),
        "modules": Family(("init_module", "finit_module", "delete_module"), narrower="uid=33"),
        "success only": both("chmod", "fchmodat", fields=("success=1", *LOGIN_USERS), narrower="uid=33"),
        "to create": both("openat", fields=("a2&0100", "exit=-EACCES"), narrower="uid=33"),
    }
)


def _respelled(family: Family, before: str, after: str) -> list[str]:
    return [line.replace(before, after) for line in family.lines()]


def _swapped(family: Family) -> list[str]:
    words = [f" -F {field}" for field in family.fields] + [f" -C {pair}" for pair in family.compare]
    return family.lines(conditions="".join(reversed(words)))


def _without(family: Family, name: str) -> list[str]:
    conditions = "".join(f" -F {field}" for field in family.fields if not field.startswith(name)) + "".join(
        f" -C {pair}" for pair in family.compare
    )
    return family.lines(conditions=conditions)


def _one_call_missing(family: Family) -> list[str]:
    return family.lines(calls=lambda names: [",".join(names[:-1])] if len(names) > 1 else ["getpid"])


# The fourteen of one control, for any family: how the rules are spelled, and whether all that is asked is recorded.
SPELLINGS: Mapping[str, tuple[Callable[[Family], list[str]], bool]] = MappingProxyType(
    {
        "the benchmark's own line": (lambda family: family.lines(), True),
        "one call only, of another's name a part": (_one_call_missing, False),
        "a rule for each call": (lambda family: family.lines(calls=lambda names: names), True),
        "from a later login user on": (lambda family: family.lines(more=" -F auid>=60000 -F auid<60010"), False),
        "in one directory": (lambda family: family.lines(more=" -F dir=/etc"), False),
        "in fewer cases": (lambda family: family.lines(more=f" -F {family.narrower}"), False),
        "another key": (lambda family: family.lines(key=" -k other"), True),
        "unset as a number": (lambda family: _respelled(family, "unset", "4294967295"), True),
        "unset as -1, and -F key=": (
            lambda family: [line.replace("unset", "-1").replace(" -k ", " -F key=") for line in family.lines()],
            True,
        ),
        "for everybody": (lambda family: _without(family, "auid"), True),
        "fields the other way round": (_swapped, True),
        "exit,always": (lambda family: family.lines(add="-a exit,always"), True),
        "no key": (lambda family: family.lines(key=""), True),
        "-A": (lambda family: family.lines(add="-A always,exit"), True),
    }
)


def _of_one_arch(family: Family) -> bool:
    return len(family.arches) == 1


def _once(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))


# What no benchmark's own check looks at.
BESIDE: Mapping[str, tuple[Callable[[Family], list[str]], bool | Callable[[Family], bool]]] = MappingProxyType(
    {
        "nothing": (lambda _: [], False),
        "the first arch only": (lambda family: [line for line in family.lines() if "b64" in line], _of_one_arch),
        "all calls of everybody": (lambda _: ["-a always,exit -S all"], True),
        "all calls, arch by arch": (
            lambda _: ["-a always,exit -F arch=b64 -S all", "-a always,exit -F arch=b32 -S all"],
            True,
        ),
        "a rule that says no call": (lambda family: family.lines(calls=lambda _: ["all"]), True),
        "numbers of calls without an arch": (
            lambda family: _once(re.sub("-F arch=b.. |,stime", "", line) for line in family.lines()),
            _of_one_arch,
        ),
        "a never rule before": (lambda family: ["-a never,exit -S all", *family.lines()], False),
        "a never rule behind": (lambda family: [*family.lines(), "-a never,exit -S all"], True),
        "a never rule on one of the users before": (
            lambda family: [*_never(family, " -F uid=12"), *family.lines()],
            False,
        ),
        "a never rule on others before": (lambda family: ["-a never,exit -S getpid", *family.lines()], True),
        "never on the task list": (lambda family: [*family.lines(), "-a never,task"], False),
        "never on the task list, of some": (lambda family: [*family.lines(), "-a never,task -F uid=0"], False),
        "always on the task list": (lambda _: ["-a always,task"], True),
        "the record excluded": (lambda family: [*family.lines(), "-a always,exclude -F msgtype=SYSCALL"], False),
        "another record excluded": (lambda family: [*family.lines(), "-a always,exclude -F msgtype=CWD"], True),
        "a program excluded": (lambda family: [*family.lines(), "-a never,exclude -F exe=/usr/bin/dockerd"], False),
        "in two halves by the user": (
            lambda family: [*family.lines(more=" -F uid=0"), *family.lines(more=" -F uid!=0")],
            True,
        ),
        "in halves that leave one out": (
            lambda family: [*family.lines(more=" -F uid<5"), *family.lines(more=" -F uid>5")],
            False,
        ),
        "by one program": (lambda family: family.lines(more=" -F exe=/usr/bin/dockerd"), False),
        "by files' owners": (lambda family: family.lines(more=" -F obj_uid=0"), False),
    }
)


def _never(family: Family, more: str) -> list[str]:
    return [line.replace("always", "never") for line in family.lines(conditions="", more=more)]


def cases() -> Iterator[tuple[str, str, list[str], bool]]:
    """Each family in each spelling: both names, the lines, and whether all that is asked is recorded."""
    for name, family in FAMILIES.items():
        for spelling, (lines, passes) in (*SPELLINGS.items(), *BESIDE.items()):
            yield name, spelling, lines(family), passes if isinstance(passes, bool) else passes(family)


@dataclass(frozen=True)
class PathAsked:
    """Letters of a path that are asked for, for everybody or under conditions; `other` is a path beside it."""

    path: str
    letters: str
    other: str
    fields: tuple[str, ...] = ()
    arches: tuple[str, ...] = ("b64", "b32")
    place: str = "path"

    @property
    def conditions(self) -> str:
        return "".join(f" -F {field}" for field in self.fields)

    def lines(self, **new: str) -> list[str]:
        """One rule for each arch, as the benchmark has it but for what is new."""
        said = {"add": "-a always,exit", "path": self.path, "letters": self.letters, "more": "", "key": " -F key=fam"}
        said |= {"place": self.place, "calls": "", "conditions": self.conditions, **new}
        form = "{add} -F arch={arch}{calls} -F {place}={path} -F perm={letters}{conditions}{more}{key}"
        return [form.format(arch=arch, **said) for arch in self.arches]

    def watch(self, *, letters: str = "", path: str = "", key: str = " -k fam") -> list[str]:
        """The rule as a watch, which is of both arches and of everybody."""
        return [f"-w {path or self.path} -p {letters or self.letters}{key}"]


PATHS: Mapping[str, PathAsked] = MappingProxyType(
    {
        "a file": PathAsked("/etc/docker/daemon.json", "wa", "/etc/docker/certs/ca.pem"),
        "a file, by 64-bit programs": PathAsked(
            "/etc/docker/daemon.json", "wa", "/etc/docker/certs/ca.pem", arches=("b64",)
        ),
        "a file, by login users": PathAsked("/etc/docker/daemon.json", "wa", "/etc/docker/certs/ca.pem", LOGIN_USERS),
        "a directory": PathAsked("/etc/docker", "wa", "/etc/docker/certs", place="dir"),
        "a directory, by login users": PathAsked("/etc/docker", "wa", "/etc/docker/certs", LOGIN_USERS, place="dir"),
        "a program": PathAsked("/usr/bin/containerd", "x", "/usr/bin/dockerd"),
        "a program, by login users": PathAsked("/usr/bin/containerd", "x", "/usr/bin/dockerd", LOGIN_USERS),
    }
)


def _each_letter(asked: PathAsked) -> list[str]:
    return [line for letter in asked.letters for line in asked.lines(letters=letter)]


def _fewer(asked: PathAsked) -> str:
    return asked.letters[1:] or "r"


# The same fourteen for a path, in the form of a rule, and in that of a watch.
PATH_SPELLINGS: Mapping[str, tuple[Callable[[PathAsked], list[str]], bool | Callable[[PathAsked], bool]]] = (
    MappingProxyType(
        {
            "the benchmark's own line": (lambda asked: asked.lines(), True),
            "fewer letters": (lambda asked: asked.lines(letters=_fewer(asked)), False),
            "a rule for each letter": (_each_letter, True),
            "from a later login user on": (lambda asked: asked.lines(more=" -F auid>=60000"), False),
            "another path": (lambda asked: asked.lines(path=asked.other), False),
            "in fewer cases": (lambda asked: asked.lines(more=" -F success=0"), False),
            "another key": (lambda asked: asked.lines(key=" -F key=other"), True),
            "unset as a number": (
                lambda asked: asked.lines(conditions=asked.conditions.replace("unset", "4294967295")),
                True,
            ),
            "unset as -1, and -k": (
                lambda asked: asked.lines(conditions=asked.conditions.replace("unset", "-1"), key=" -k fam"),
                True,
            ),
            "for everybody": (lambda asked: asked.lines(conditions=""), True),
            "fields the other way round": (
                lambda asked: asked.lines(conditions="".join(f" -F {field}" for field in reversed(asked.fields))),
                True,
            ),
            "exit,always": (lambda asked: asked.lines(add="-a exit,always"), True),
            "no key": (lambda asked: asked.lines(key=""), True),
            "-A": (lambda asked: asked.lines(add="-A always,exit"), True),
            "with -S all": (lambda asked: asked.lines(calls=" -S all"), True),
            "letters the other way round": (lambda asked: asked.lines(letters=asked.letters[::-1]), True),
            "more letters": (lambda asked: asked.lines(letters="rwxa"), True),
            "the directory above": (lambda asked: asked.lines(place="dir", path=asked.path.rpartition("/")[0]), True),
            "other slashes": (lambda asked: asked.lines(path=asked.path.replace("/", "//", 1)), True),
            "no arch": (lambda asked: [line.replace(" -F arch=b64", "") for line in asked.lines()[:1]], True),
            "one arch": (lambda asked: asked.lines()[:1], lambda asked: asked.arches == ("b64",)),
            "path= in place of dir=": (lambda asked: asked.lines(place="path"), lambda asked: asked.place == "path"),
            "a watch": (lambda asked: asked.watch(), True),
            "a watch with fewer letters": (lambda asked: asked.watch(letters=_fewer(asked)), False),
            "a watch for each letter": (
                lambda asked: [line for letter in asked.letters for line in asked.watch(letters=letter)],
                True,
            ),
            "a watch on another path": (lambda asked: asked.watch(path=asked.other), False),
            "a watch with another key": (lambda asked: asked.watch(key=" -k other"), True),
            "a watch without a key": (lambda asked: asked.watch(key=""), True),
            "a watch with all letters": (lambda asked: asked.watch(letters="rwxa"), True),
            "a watch with letters the other way round": (lambda asked: asked.watch(letters=asked.letters[::-1]), True),
            "a watch on the directory above": (lambda asked: asked.watch(path=asked.path.rpartition("/")[0]), True),
            "a watch with a slash at its end": (lambda asked: asked.watch(path=f"{asked.path}/"), True),
            "all calls of everybody": (lambda _: ["-a always,exit -S all"], True),
            "nothing": (lambda _: [], False),
            "a never rule before": (lambda asked: ["-a never,exit -S all", *asked.lines()], False),
            "a never rule on the path before": (
                lambda asked: [*asked.lines(add="-a never,exit", conditions=""), *asked.watch()],
                False,
            ),
            "a never rule on the path behind": (
                lambda asked: [*asked.lines(), *asked.lines(add="-a never,exit", conditions="")],
                True,
            ),
            "a never rule on one of the users before": (
                lambda asked: ["-a never,exit -S all -F uid=12", *asked.watch()],
                False,
            ),
            "never on the task list": (lambda asked: [*asked.watch(), "-a never,task"], False),
            "the record excluded": (lambda asked: [*asked.watch(), "-a always,exclude -F msgtype=SYSCALL"], False),
            "another record excluded": (lambda asked: [*asked.watch(), "-a always,exclude -F msgtype=PATH"], True),
        }
    )
)


def path_cases() -> Iterator[tuple[str, str, list[str], bool]]:
    """Each path in each spelling: both names, the lines, and whether all that is asked is recorded."""
    for name, asked in PATHS.items():
        for spelling, (lines, passes) in PATH_SPELLINGS.items():
            yield name, spelling, lines(asked), passes if isinstance(passes, bool) else passes(asked)
