"""Random rule sets about system calls, an access, and a rule that is asked for and mostly matches the access."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.vm import generate
from tests.vm.generate import COMPARED, FIELDS, SYSCALLS, Case

# Accesses by one call, with and without a file.
OPS = (
    *(
        "exec",
        "exec",
        "exec32",
        "read",
        "open",
        "read32",
        "write",
        "write32",
        "openat32",
        "create",
        "creat",
        "truncate",
    ),
    *("unlink", "unlinkat", "rename", "renameat", "renameat2", "rmdir", "rmdir32", "mkdir", "unlink32", "rename32"),
    *("chmod", "chmod", "chmod32", "fchmodat", "fchmodat32", "fdchmod", "chown", "lchown", "fchownat", "fchownat32"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "fremovexattr", "fremovexattr32", "setxattr32"),
    *("settimeofday", "settimeofday32", "stime32", "clocksettime", "clocksettime32", "setdomainname"),
    *("setdomainname32", "deletemodule"),
)
CALLS = {
    **SYSCALLS,
    "settimeofday32": "settimeofday",
    "stime32": "stime",
    "clocksettime": "clock_settime",
    "clocksettime32": "clock_settime",
    "setdomainname32": "setdomainname",
    "deletemodule": "delete_module",
    "fchmodat32": "fchmodat",
    "fchownat32": "fchownat",
    "fremovexattr32": "fremovexattr",
    "rmdir32": "rmdir",
}
KIN = {
    "chmod": "chmod,fchmod,fchmodat",
    "chown": "chown,fchown,lchown,fchownat",
    "setxattr": "setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr",
    "unlink": "unlink,unlinkat,rename,renameat,renameat2,rmdir",
    "openat": "creat,open,openat,truncate,ftruncate",
    "settimeofday": "adjtimex,settimeofday",
    "setdomainname": "sethostname,setdomainname",
    "execve": "execve",
    "delete_module": "init_module,finit_module,delete_module",
    "clock_settime": "clock_settime",
}
# Conditions that benchmarks ask for, the usual ones more often.
ASKED = (
    ("auid>=1000", "auid!=unset"),
    ("auid>=1000", "auid!=unset"),
    (),
    ("auid!=unset",),
    ("auid=0",),
    ("success=1", "auid>=1000"),
    ("exit=-EACCES", "auid>=1000", "auid!=unset"),
    ("exit=-EPERM",),
    ("euid=0",),
    ("uid!=0",),
    ("a0=0x0",),
)
PATHS = ("/usr/bin/dockerd", "/etc/docker/daemon.json", "/etc/docker/owned", "/srv/t/mine", "/usr/bin/docker-proxy")


def cases(seed: int, count: int) -> Iterator[Case]:
    """The first cases of a seed."""
    for number in range(count):
        yield case(random.Random(f"asked/{seed}/{number}"))  # noqa: S311 - chance must be the same each time


def case(chance: random.Random) -> Case:
    """One case: an access, rules that mostly have to do with its call, and what is asked for."""
    op = chance.choice(OPS)
    access: dict[str, Any] = {"path": chance.choice(PATHS), "kind": "any", "op": op}
    if op in generate.TWO_PATHS:
        access["path2"] = chance.choice(generate.SECOND)
    if op.startswith("rmdir"):
        access["path"] = chance.choice(("/srv/t/empty", "/etc/docker/certs/empty"))
    if op == "mkdir":
        access["path"] = "/srv/t/new"
    uid = chance.choices((0, 1000, 33), (5, 5, 1))[0]
    access["as"] = {"auid": chance.choices((1000, "unset", 0, 1001, 70000), (6, 3, 1, 1, 1))[0], "uid": uid}
    asked = list(chance.choice(ASKED))
    if chance.random() < 0.8:
        _fit(chance, access, asked)
    chance.shuffle(asked)
    compare = [chance.choice(("uid!=euid", "euid=fsuid", "gid!=egid"))] if chance.random() < 0.1 else []
    op = access["op"]
    count = chance.choices(range(1, 6), (4, 6, 4, 3, 2))[0]
    rules = list(dict.fromkeys(_rule(chance, op, access, asked, f"K{number}") for number in range(count)))
    return {
        "rules": rules,
        "enabled": chance.choices((1, 0), (60, 1))[0],
        "access": access,
        "asked": {"fields": asked, "compare": compare},
    }


def _fit(chance: random.Random, access: dict[str, Any], asked: list[str]) -> None:
    """Have the access made by somebody, and end, as is asked for."""
    subject = access["as"]
    for condition in asked:
        if condition.startswith("auid"):
            subject["auid"] = 0 if condition == "auid=0" else chance.choice((1000, 1000, 1001, 70000))
        elif condition in ("euid=0", "success=1"):
            subject["uid"] = 0
        elif condition == "uid!=0" or condition.startswith("exit"):
            subject["uid"] = chance.choice((1000, 33))
        if condition == "exit=-EACCES":
            access |= {"op": chance.choice(("read", "open", "read32", "create", "truncate")), "path": "/srv/t/secret"}
        if condition == "exit=-EPERM":
            access["op"] = chance.choice(("chmod", "chmod32", "fchmodat", "chown", "setdomainname", "fdchmod"))
        if condition == "a0=0x0":
            access["op"] = chance.choice(("settimeofday", "clocksettime", "clocksettime32"))


def _rule(chance: random.Random, op: str, access: dict[str, Any], asked: list[str], key: str) -> str:
    drawn = chance.random()
    if drawn < 0.08:
        return generate.other_list(chance, access)
    if drawn < 0.25:
        return generate.on_a_path(chance, access, key)
    call = CALLS.get(op, op)
    calls = KIN.get(call, call) if chance.random() < 0.5 else call if chance.random() < 0.8 else "all"
    arch = chance.choices((" -F arch=b64", " -F arch=b32", ""), (5, 4, 2))[0]
    if "stime" in calls.split(",") and "b32" not in arch:
        calls = "all"
    action = "never" if chance.random() < 0.25 else "always"
    conditions = [f" -F {each}" for each in asked] if chance.random() < 0.55 else []
    while chance.random() < 0.35:
        conditions.append(
            f" -F {chance.choice(FIELDS)}" if chance.random() < 0.85 else f" -C {chance.choice(COMPARED)}"
        )
    chance.shuffle(conditions)
    keyed = f" -k {key}" if chance.random() < 0.9 else ""
    flag = "-A" if chance.random() < 0.1 else "-a"
    return f"{flag} {action},exit{arch} -S {calls}{''.join(dict.fromkeys(conditions))}{keyed}"
