"""The table of operations on files: each is a system call, with the names that the kernel collects for it.

As audit_inode and audit_inode_child of kernel/auditsc.c collect them in Linux 6.1.
"""

from __future__ import annotations

from enum import Enum

from auditrules.audit.constants import kernel_releases, syscalls
from auditrules.audit.constants.syscall_classes import classes
from auditrules.audit.model.rule import PERMISSION_LETTERS, Permission
from auditrules.values import dataclass

# Access modes of open(2), and the permissions as which they count (ACC_MODE of linux/fs.h; no other flag matters).
READ_ONLY, WRITE_ONLY, READ_WRITE = 0, 1, 2
OPENED = {
    READ_ONLY: Permission.READ,
    WRITE_ONLY: Permission.WRITE,
    READ_WRITE: Permission.READ | Permission.WRITE,
}
OPENS = frozenset({"open", "openat", "openat2"})
# From this release on a call that may create a file does not look at the directory if the kernel has the file in its
# cache of names. 6.1 still looks at it, 6.12 does not; those between were not asked.
CREATES_BY_CACHE: kernel_releases.Release = (6, 2)
X32_BIT = 1 << 30  # __X32_SYSCALL_BIT of asm/unistd.h; no rule's mask reaches that far


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
    """One way to use a file.

    `mode` is the access mode of a call that opens. `compat`: a 32-bit program does it. `x32`: a program of the x32 ABI
    does it, which uses the 64-bit calls with a bit set in their numbers. Kernels have it from release `since` on and
    before `until`, if that is not the same as for the call itself.
    """

    call: str
    collects: CollectedNames
    mode: int | None = None
    compat: bool = False
    makes: str = "file"  # the type of a new file, as in `Entry`
    x32: bool = False
    io_uring: tuple[int, ...] = ()  # the numbers of io_uring's operations that do it (linux/io_uring.h)
    since: kernel_releases.Release = kernel_releases.FIRST
    until: kernel_releases.Release | None = None


# Operations of io_uring: openat and openat2; renameat, unlinkat and linkat; fsetxattr and setxattr.
_OPENS, _REMOVES, _SETS = (18, 28), (35, 36, 39), (41, 42)

OPERATIONS = {
    "execve": Operation("execve", CollectedNames.EXECUTION),
    "execveat": Operation("execveat", CollectedNames.EXECUTION),
    # With AT_EMPTY_PATH, on a descriptor that the execution closes.
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
    "open_by_handle_at": Operation("open_by_handle_at", CollectedNames.FILE),
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
    "fchown32": Operation("fchown32", CollectedNames.DESCRIPTOR),
    "lchown": Operation("lchown", CollectedNames.NAME),
    "lchown32": Operation("lchown32", CollectedNames.NAME),
    "fchownat": Operation("fchownat", CollectedNames.FILE),
    "setxattr": Operation("setxattr", CollectedNames.FILE),
    "lsetxattr": Operation("lsetxattr", CollectedNames.NAME),
    "fsetxattr": Operation("fsetxattr", CollectedNames.DESCRIPTOR),
    "removexattr": Operation("removexattr", CollectedNames.FILE),
    "lremovexattr": Operation("lremovexattr", CollectedNames.NAME),
    "fremovexattr": Operation("fremovexattr", CollectedNames.DESCRIPTOR),
    "fchmodat2": Operation("fchmodat2", CollectedNames.FILE),
    "setxattrat": Operation("setxattrat", CollectedNames.FILE),
    "removexattrat": Operation("removexattrat", CollectedNames.FILE),
    "file_setattr": Operation("file_setattr", CollectedNames.FILE),
    "ioctl": Operation("ioctl", CollectedNames.NOTHING),  # FS_IOC_SETFLAGS, as chattr(1) uses it
    "utime": Operation("utime", CollectedNames.FILE),
    "utimes": Operation("utimes", CollectedNames.FILE),
    "futimesat": Operation("futimesat", CollectedNames.FILE),
    "utimensat": Operation("utimensat", CollectedNames.FILE),
    "swapon": Operation("swapon", CollectedNames.FILE),
    "acct": Operation("acct", CollectedNames.FILE),
    "stat": Operation("stat", CollectedNames.FILE),
    "access": Operation("access", CollectedNames.FILE),
    "chdir": Operation("chdir", CollectedNames.FOLDER),
    "readlinkat": Operation("readlinkat", CollectedNames.NAME),
    "fgetxattr": Operation("fgetxattr", CollectedNames.DESCRIPTOR),
    "fallocate": Operation("fallocate", CollectedNames.NOTHING),
    "ftruncate": Operation("ftruncate", CollectedNames.NOTHING),
    "pread": Operation("pread", CollectedNames.NOTHING),
    "pwrite": Operation("pwrite", CollectedNames.NOTHING),
    # Operations that io_uring does inside the call. Up to 5.15, what would wait (such as for a name that is not cached)
    # is done by a kernel thread without an audit context.
    "io_uring opens, by a thread": Operation(
        "io_uring_enter", CollectedNames.NOTHING, io_uring=_OPENS, since=(5, 6), until=(5, 16)
    ),
    "io_uring opens": Operation("io_uring_enter", CollectedNames.FILE, io_uring=_OPENS, since=(5, 6)),
    "io_uring removes": Operation("io_uring_enter", CollectedNames.FILE, io_uring=_REMOVES, since=(6, 1)),
    # Up to 5.15 no name was collected for it; releases between 5.15 and 6.1 were not tested.
    "io_uring removes, unseen": Operation(
        "io_uring_enter", CollectedNames.NOTHING, io_uring=_REMOVES, since=(5, 11), until=(6, 1)
    ),
    "io_uring sets attributes": Operation("io_uring_enter", CollectedNames.FILE, io_uring=_SETS, since=(5, 19)),
    # Up to 6.12 no name was collected for an open file; releases between 6.12 and 6.17 were not tested.
    "io_uring sets attributes, unseen": Operation(
        "io_uring_enter", CollectedNames.NOTHING, io_uring=_SETS, since=(5, 19), until=(6, 17)
    ),
}


# Calls that never use a file by name: no name is ever collected for them.
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

_ONE_NAME = frozenset({CollectedNames.FILE, CollectedNames.NAME, CollectedNames.DESCRIPTOR})


def takes_one_name(call: str) -> bool:
    """Whether a call is known to use one name only."""
    return _COLLECTED.get(call) in _ONE_NAME


def collected_by(call: str) -> CollectedNames:
    """Which names the kernel collects for a call; an unknown call is taken for one that uses a file."""
    if call in WITHOUT_FILE:
        return CollectedNames.NOTHING
    return _COLLECTED.get(call, CollectedNames.FILE)


def counts_as(operation: Operation, machine: str, release: str) -> Permission:
    """The permissions of a perm field for which a call certainly counts (audit_match_perm of kernel/auditsc.c)."""
    return _counted(operation, machine, release)[0]


def may_count_as(operation: Operation, machine: str, release: str) -> Permission:
    """The permissions for which a call counts on some kernels of this release, but not on others."""
    return _counted(operation, machine, release)[1]


def _counted(operation: Operation, machine: str, release: str) -> tuple[Permission, Permission]:
    number = syscalls.call_number(operation.call, machine)
    if operation.call in OPENS and operation.mode is not None:
        wanted = OPENED[operation.mode]
    else:
        wanted = Permission(0)
        for letter, bit in PERMISSION_LETTERS:
            if number in classes(letter, machine) or (letter, operation.call) in kernel_releases.CHANGES:
                wanted |= bit
    certain, possible = wanted, Permission(0)
    for letter, bit in PERMISSION_LETTERS:
        if wanted & bit and (letter, operation.call) in kernel_releases.CHANGES:
            counted = kernel_releases.counts(letter, operation.call, release)
            certain &= certain if counted else ~bit
            possible |= bit if counted is None else Permission(0)
    return certain, possible


def is_there(operation: Operation, release: str) -> bool | None:
    """Whether kernels of this release have an operation; None: not known."""
    if operation.since == kernel_releases.FIRST:
        return kernel_releases.has_call(operation.call, release)
    if operation.until is not None and kernel_releases.is_since(operation.until, release):
        return False
    return kernel_releases.is_since(operation.since, release)


def machine_of(operation: Operation, machine: str) -> str | None:
    """The machine whose system calls an operation makes; None if this machine has no calls of that kind."""
    known = syscalls.canonical(machine)
    return syscalls.COMPAT.get(known or "") if operation.compat else known
