"""What programs do with a file, as system calls: which call it is, and which names the kernel collects for it.

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


class CollectedNames(Enum):
    """Which names the kernel collects for a call."""

    FILE = "the file, links followed"
    NAME = "the file, a link at the end not followed"
    FOLDER = "the directory, links followed; anything else is not reached"
    DESCRIPTOR = "an open file"
    EXECUTION = "the file, then its interpreters"
    OPEN_EXECUTION = "an open file, then its loader; a script's interpreter could not open it again, so it is refused"
    CREATION = "the directory, and the file in it, made if it is not there"
    NEW = "the directory, and a new name in it"
    REMOVAL = "the directory, and the name taken out of it"
    EXCHANGE = "both directories, both names, each in place of the other"
    RENAME = "both directories, the name taken, the one replaced, the one made"
    LINK = "the file, the directory of the new name, the new name"
    NOTHING = "no inode by name"


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to use a file. `mode` is the access mode of a call that opens; `compat` makes it a 32-bit program's."""

    call: str
    collects: CollectedNames
    mode: int | None = None
    compat: bool = False
    makes: str = "file"  # the type of a new file, as in `Entry`


OPERATIONS = {
    "execve": Operation("execve", CollectedNames.EXECUTION),
    "execveat": Operation("execveat", CollectedNames.EXECUTION),
    # With AT_EMPTY_PATH, of a descriptor that the execution closes.
    "execveat by descriptor": Operation("execveat", CollectedNames.OPEN_EXECUTION),
    "open": Operation("open", CollectedNames.FILE, READ_ONLY),
    "openat": Operation("openat", CollectedNames.FILE, READ_ONLY),
    "openat2": Operation("openat2", CollectedNames.FILE, READ_ONLY),
    "readlink": Operation("readlink", CollectedNames.NAME),
    "getxattr": Operation("getxattr", CollectedNames.FILE),
    "listxattr": Operation("listxattr", CollectedNames.FILE),
    "open for writing": Operation("open", CollectedNames.FILE, WRITE_ONLY),
    "openat for writing": Operation("openat", CollectedNames.FILE, WRITE_ONLY),
    "openat2 for writing": Operation("openat2", CollectedNames.FILE, WRITE_ONLY),
    "openat for both": Operation("openat", CollectedNames.FILE, READ_WRITE),
    "openat to create": Operation("openat", CollectedNames.CREATION, WRITE_ONLY),
    "openat to read or create": Operation("openat", CollectedNames.CREATION, READ_ONLY),
    "exchange": Operation("renameat2", CollectedNames.EXCHANGE),
    "creat": Operation("creat", CollectedNames.CREATION),
    "truncate": Operation("truncate", CollectedNames.FILE),
    "truncate64": Operation("truncate64", CollectedNames.FILE),
    "unlink": Operation("unlink", CollectedNames.REMOVAL),
    "unlinkat": Operation("unlinkat", CollectedNames.REMOVAL),
    "rmdir": Operation("rmdir", CollectedNames.REMOVAL),
    "rename": Operation("rename", CollectedNames.RENAME),
    "renameat": Operation("renameat", CollectedNames.RENAME),
    "renameat2": Operation("renameat2", CollectedNames.RENAME),
    "mkdir": Operation("mkdir", CollectedNames.NEW, makes="dir"),
    "mkdirat": Operation("mkdirat", CollectedNames.NEW, makes="dir"),
    "mknod": Operation("mknod", CollectedNames.NEW),
    "mknodat": Operation("mknodat", CollectedNames.NEW),
    "symlink": Operation("symlink", CollectedNames.NEW, makes="link"),
    "symlinkat": Operation("symlinkat", CollectedNames.NEW, makes="link"),
    "link": Operation("link", CollectedNames.LINK),
    "linkat": Operation("linkat", CollectedNames.LINK),
    "chmod": Operation("chmod", CollectedNames.FILE),
    "fchmod": Operation("fchmod", CollectedNames.DESCRIPTOR),
    "fchmodat": Operation("fchmodat", CollectedNames.FILE),
    "chown": Operation("chown", CollectedNames.FILE),
    "chown32": Operation("chown32", CollectedNames.FILE),
    "fchown": Operation("fchown", CollectedNames.DESCRIPTOR),
    "lchown": Operation("lchown", CollectedNames.NAME),
    "fchownat": Operation("fchownat", CollectedNames.FILE),
    "setxattr": Operation("setxattr", CollectedNames.FILE),
    "lsetxattr": Operation("lsetxattr", CollectedNames.NAME),
    "fsetxattr": Operation("fsetxattr", CollectedNames.DESCRIPTOR),
    "removexattr": Operation("removexattr", CollectedNames.FILE),
    "utimensat": Operation("utimensat", CollectedNames.FILE),
    "stat": Operation("stat", CollectedNames.FILE),
    "access": Operation("access", CollectedNames.FILE),
    "chdir": Operation("chdir", CollectedNames.FOLDER),
    "readlinkat": Operation("readlinkat", CollectedNames.NAME),
    "fgetxattr": Operation("fgetxattr", CollectedNames.DESCRIPTOR),
    "fallocate": Operation("fallocate", CollectedNames.NOTHING),
    "ftruncate": Operation("ftruncate", CollectedNames.NOTHING),
    "pread": Operation("pread", CollectedNames.NOTHING),
    "pwrite": Operation("pwrite", CollectedNames.NOTHING),
    "io_uring_enter": Operation(
        "io_uring_enter", CollectedNames.FILE
    ),  # an open that io_uring makes inside of this call
}


# Calls that use no file, whatever they are given: no name is ever collected for them.
WITHOUT_FILE = frozenset(
    {
        *("adjtimex", "settimeofday", "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64", "stime"),
        *("sethostname", "setdomainname", "init_module", "finit_module", "delete_module", "kexec_load"),
        *("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups"),
        *("setuid32", "setgid32", "setreuid32", "setregid32", "setresuid32", "setresgid32", "setfsuid32", "setfsgid32"),
        *("setgroups32", "capset", "prctl", "personality", "ptrace", "process_vm_readv", "process_vm_writev"),
        *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "setrlimit", "prlimit64", "setpriority", "nice"),
        *("fork", "vfork", "clone", "clone3", "unshare", "exit", "exit_group", "ftruncate", "ftruncate64"),
        *("socket", "socketpair", "listen", "shmget", "msgget", "semget", "reboot", "syslog", "iopl", "ioperm"),
    }
)
_COLLECTED = {each.call: each.collects for each in reversed(OPERATIONS.values())}
_COLLECTED["lremovexattr"] = CollectedNames.NAME


def collected_by(call: str) -> CollectedNames:
    """Which names the kernel collects for a call: of one that is not known, those of one that takes a file."""
    if call in WITHOUT_FILE:
        return CollectedNames.NOTHING
    return _COLLECTED.get(call, CollectedNames.FILE)


def counts_as(operation: Operation, machine: str) -> Permission:
    """The permissions of a perm field that a call is a use of (audit_match_perm of kernel/auditsc.c)."""
    if operation.call in OPENS and operation.mode is not None:
        return OPENED[operation.mode]
    number = syscalls.call_number(operation.call, machine)
    found = Permission(0)
    for permission, bit in PERMISSION_LETTERS:
        if number in syscalls.classes(permission, machine):
            found |= bit
    return found


def machine_of(operation: Operation, machine: str) -> str | None:
    """Whose system calls an operation makes on a machine; None: there are none of that kind."""
    known = syscalls.canonical(machine)
    return syscalls.COMPAT.get(known or "") if operation.compat else known
