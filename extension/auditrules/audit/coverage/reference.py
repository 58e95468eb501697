"""The reference accesses: which system calls the permissions r, w, x and a stand for.

A permission is recorded if each of its reference calls is, by any subject, whether it succeeds or not. Calls outside
the reference do not change the status of a permission: they are only named in `conditions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from auditrules.audit.constants import arches, syscalls
from auditrules.audit.coverage.access import Access, Credentials, Name
from auditrules.audit.coverage.operations import (
    X32_BIT,
    CollectedNames,
    Operation,
    counts_as,
    is_there,
    machine_of,
    may_count_as,
)
from auditrules.values import dataclass, replace

# The reference calls of each permission, with their *at forms. A 32-bit machine has two forms of some.
REFERENCE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "r": ("open", "openat"),
        "w": (
            *("open for writing", "openat for writing", "truncate", "truncate64"),
            *("unlink", "unlinkat", "rename", "renameat", "renameat2"),
        ),
        "x": ("execve",),
        "a": ("chmod", "fchmodat", "chown", "chown32", "fchownat", "setxattr"),
    }
)

EXECUTIONS = frozenset({"execve", "execveat"})
# 64-bit machines have numbers for these calls, but do not use them.
OF_32_BITS = frozenset({"truncate64", "chown32", "lchown32", "fchown32"})

# Calls outside the reference. `conditions` names those that the kernel has, but does not record with the permission.
OUTSIDE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "r": ("openat2", "open_by_handle_at"),
        "w": ("openat2 for writing", "creat", "open_by_handle_at", "link", "linkat", "swapon", "acct"),
        "x": ("execveat",),
        "a": (
            *("lchown", "lchown32", "lsetxattr", "removexattr", "lremovexattr"),
            *("fchmod", "fchown", "fchown32", "fsetxattr", "fremovexattr", "link", "linkat"),
            *("fchmodat2", "setxattrat", "removexattrat", "file_setattr", "ioctl"),
        ),
    }
)
# Calls that set the times of a file, which no letter counts.
OF_TIMES = ("utime", "utimes", "futimesat", "utimensat")
IO_URING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "r": ("io_uring opens", "io_uring opens, by a thread"),
        "w": ("io_uring opens", "io_uring opens, by a thread", "io_uring removes", "io_uring removes, unseen"),
        "x": (),
        "a": ("io_uring sets attributes", "io_uring sets attributes, unseen"),
    }
)

# The reference calls on a directory itself: it can't be executed, written or truncated.
ON_DIRECTORY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "r": REFERENCE["r"],
        "w": ("rename", "renameat", "renameat2"),
        "x": (),
        "a": REFERENCE["a"],
    }
)

# The reference calls on a symbolic link itself: those that do not follow it.
ON_LINK: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "r": ("readlink", "readlinkat"),
        "w": ("unlink", "unlinkat", "rename", "renameat", "renameat2"),
        "x": (),
        "a": ("lchown", "lsetxattr"),
    }
)


@dataclass(frozen=True, slots=True)
class AccessTarget:
    """The target of an access: the file, its directory, and another name in that directory.

    If the file is a program, `loader` runs it, or the `interpreter` of binfmt_misc; that may be one of `interpreters`.
    """

    file: Name
    folder: Name
    sibling: Name
    loader: Name | None = None
    interpreters: tuple[Name, ...] = ()
    interpreter: Name | None = None


def names_of(collects: CollectedNames, target: AccessTarget, other: AccessTarget | None = None) -> tuple[Name, ...]:
    """The names of a reference access, in the kernel's order. `other` is where a rename leads, if not to a sibling."""
    match collects:
        case CollectedNames.REMOVAL:
            return (target.folder, replace(target.file, removed=True))
        case CollectedNames.RENAME:
            into, name = (other.folder, other.file) if other else (target.folder, target.sibling)
            moved = replace(name, identity=target.file.identity, entry=target.file.entry, made=True)
            return (into, target.folder, replace(target.file, removed=True), moved)
        case CollectedNames.EXECUTION:
            return (target.file, *(each for each in (target.interpreter, target.loader) if each))
        case CollectedNames.CREATION:
            return (target.folder, target.file)
        case CollectedNames.NOTHING:
            return ()
        case _:
            return (replace(target.file, named=collects is not CollectedNames.DESCRIPTOR),)


def access_on(call: Access, names: tuple[Name, ...], target: AccessTarget) -> Access:
    """The call on these names of a target. A successful execution runs the file itself, or its interpreter."""
    executed = call.succeeded and call.call in EXECUTIONS
    runs = target.interpreter or target.file
    return call.on(names, Credentials(exe=runs.identity) if executed else None)


@cache
def accesses_of(operation: Operation, machine: str, release: str, *, counted: bool = False) -> tuple[Access, ...]:
    """The accesses that an operation stands for, without names; none if the kernel has no such call.

    With `counted` they also count for the permissions of `may_count_as`, for which the release does not decide.
    """
    if is_there(operation, release) is False:
        return ()
    called = machine_of(operation, machine)
    number = syscalls.call_number(operation.call, called) if called else None
    if called is None or number is None:
        return ()
    if operation.call in OF_32_BITS and arches.listed(syscalls.ARCHES[called]) == "b64":
        return ()
    permissions = counts_as(operation, called, release)
    if counted:
        permissions |= may_count_as(operation, called, release)
    number |= X32_BIT if operation.x32 else 0
    call = Access(operation.call, number, syscalls.ARCHES[called], permissions, ())
    if operation.collects in (
        CollectedNames.REMOVAL,
        CollectedNames.RENAME,
        CollectedNames.EXECUTION,
    ):  # whether they succeed decides which names or programs there are
        return (replace(call, succeeded=True, result=0), replace(call, succeeded=False))
    return (call,)
