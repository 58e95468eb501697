"""What programs do with a file, as system calls: which call, by which path, and which inodes it touches in what order.

The names are those that audit_inode and audit_inode_child of kernel/auditsc.c collect in Linux 6.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from auditrules.audit.constants import syscalls
from auditrules.audit.model.rule import PERMISSION_LETTERS, Permission

# Access modes of open(2), and what they count as (ACC_MODE of linux/fs.h; the kernel looks at nothing else).
READ_ONLY, WRITE_ONLY, READ_WRITE = 0, 1, 2
OPENED = {
    READ_ONLY: Permission.READ,
    WRITE_ONLY: Permission.WRITE,
    READ_WRITE: Permission.READ | Permission.WRITE,
}
OPENS = frozenset({"open", "openat", "openat2"})


class Touch(Enum):
    """Which inodes a call touches."""

    FILE = "the file, links followed"
    NAME = "the file, a link at the end not followed"
    FOLDER = "the directory, links followed; anything else is not reached"
    DESCRIPTOR = "an open file"
    EXECUTION = "the file, then its interpreters"
    CREATION = "the directory, and the file in it, made if it is not there"
    NEW = "the directory, and a new name in it"
    REMOVAL = "the directory, and the name taken out of it"
    EXCHANGE = "both directories, both names, each at the other's place"
    RENAME = "both directories, the name taken, the one replaced, the one made"
    LINK = "the file, the directory of the new name, the new name"
    NOTHING = "no inode by name"


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to use a file. `mode` is the access mode of a call that opens; `compat` makes it a 32-bit program's."""

    call: str
    touch: Touch
    mode: int | None = None
    compat: bool = False
    makes: str = "file"  # the type of a new file, as in `Entry`


OPERATIONS = {
    "execve": Operation("execve", Touch.EXECUTION),
    "execveat": Operation("execveat", Touch.EXECUTION),
    "open": Operation("open", Touch.FILE, READ_ONLY),
    "openat": Operation("openat", Touch.FILE, READ_ONLY),
    "openat2": Operation("openat2", Touch.FILE, READ_ONLY),
    "readlink": Operation("readlink", Touch.NAME),
    "getxattr": Operation("getxattr", Touch.FILE),
    "listxattr": Operation("listxattr", Touch.FILE),
    "open for writing": Operation("open", Touch.FILE, WRITE_ONLY),
    "openat for writing": Operation("openat", Touch.FILE, WRITE_ONLY),
    "openat2 for writing": Operation("openat2", Touch.FILE, WRITE_ONLY),
    "openat for both": Operation("openat", Touch.FILE, READ_WRITE),
    "openat to create": Operation("openat", Touch.CREATION, WRITE_ONLY),
    "openat to read or create": Operation("openat", Touch.CREATION, READ_ONLY),
    "exchange": Operation("renameat2", Touch.EXCHANGE),
    "creat": Operation("creat", Touch.CREATION),
    "truncate": Operation("truncate", Touch.FILE),
    "truncate64": Operation("truncate64", Touch.FILE),
    "unlink": Operation("unlink", Touch.REMOVAL),
    "unlinkat": Operation("unlinkat", Touch.REMOVAL),
    "rmdir": Operation("rmdir", Touch.REMOVAL),
    "rename": Operation("rename", Touch.RENAME),
    "renameat": Operation("renameat", Touch.RENAME),
    "renameat2": Operation("renameat2", Touch.RENAME),
    "mkdir": Operation("mkdir", Touch.NEW, makes="dir"),
    "mkdirat": Operation("mkdirat", Touch.NEW, makes="dir"),
    "mknod": Operation("mknod", Touch.NEW),
    "mknodat": Operation("mknodat", Touch.NEW),
    "symlink": Operation("symlink", Touch.NEW, makes="link"),
    "symlinkat": Operation("symlinkat", Touch.NEW, makes="link"),
    "link": Operation("link", Touch.LINK),
    "linkat": Operation("linkat", Touch.LINK),
    "chmod": Operation("chmod", Touch.FILE),
    "fchmod": Operation("fchmod", Touch.DESCRIPTOR),
    "fchmodat": Operation("fchmodat", Touch.FILE),
    "chown": Operation("chown", Touch.FILE),
    "chown32": Operation("chown32", Touch.FILE),
    "fchown": Operation("fchown", Touch.DESCRIPTOR),
    "lchown": Operation("lchown", Touch.NAME),
    "fchownat": Operation("fchownat", Touch.FILE),
    "setxattr": Operation("setxattr", Touch.FILE),
    "lsetxattr": Operation("lsetxattr", Touch.NAME),
    "fsetxattr": Operation("fsetxattr", Touch.DESCRIPTOR),
    "removexattr": Operation("removexattr", Touch.FILE),
    "utimensat": Operation("utimensat", Touch.FILE),
    "stat": Operation("stat", Touch.FILE),
    "access": Operation("access", Touch.FILE),
    "chdir": Operation("chdir", Touch.FOLDER),
    "readlinkat": Operation("readlinkat", Touch.NAME),
    "fgetxattr": Operation("fgetxattr", Touch.DESCRIPTOR),
    "fallocate": Operation("fallocate", Touch.NOTHING),
    "ftruncate": Operation("ftruncate", Touch.NOTHING),
    "pread": Operation("pread", Touch.NOTHING),
    "pwrite": Operation("pwrite", Touch.NOTHING),
    "io_uring_enter": Operation("io_uring_enter", Touch.FILE),  # an open that io_uring makes inside of this call
}


def counts_as(operation: Operation, machine: str) -> Permission:
    """The permissions of a perm field that a call is a use of (audit_match_perm of kernel/auditsc.c)."""
    if operation.call in OPENS and operation.mode is not None:
        return OPENED[operation.mode]
    number = syscalls.number(operation.call, machine)
    found = Permission(0)
    for letter, bit in PERMISSION_LETTERS:
        if number in syscalls.classes(letter, machine):
            found |= bit
    return found


def machine_of(operation: Operation, machine: str) -> str | None:
    """Whose system calls an operation makes on a machine; None: there are none of that kind."""
    known = syscalls.canonical(machine)
    return syscalls.COMPAT.get(known or "") if operation.compat else known
