"""The classes of system calls: those that the kernel defines, and those for the letters of `perm`."""

from __future__ import annotations

from functools import lru_cache

from auditrules.audit.constants import data_auditctl
from auditrules.audit.constants.syscalls import COMPAT, canonical, kernel_numbers, number
from auditrules.audit.model.host_facts import Version
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, CLASS_BITS, MASK_BITS

# The kernel's classes; each has two numbers, the second for the calls of COMPAT (asm-generic/audit_*.h of Linux 6.1).
_DIR_WRITE = (
    "rename mkdir rmdir creat link unlink symlink mknod mkdirat mknodat unlinkat renameat linkat symlinkat renameat2"
)
_CHANGE_ATTRIBUTES = (
    "chmod fchmod chown lchown fchown setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"
    " fchownat fchmodat chown32 fchown32 lchown32 link linkat"
)
_READ = "readlink quotactl listxattr llistxattr flistxattr getxattr lgetxattr fgetxattr readlinkat"
_WRITE = _DIR_WRITE + " acct swapon quotactl truncate truncate64 ftruncate ftruncate64 bind fallocate"
_SIGNAL = "kill tgkill tkill"
_KERNEL_CLASSES = (_DIR_WRITE, _CHANGE_ATTRIBUTES, _READ, _WRITE, _SIGNAL)
_OPEN = " open openat openat2"
_PERMISSIONS = {"r": _READ + _OPEN, "w": _WRITE + _OPEN + " socketcall", "x": "execve", "a": _CHANGE_ATTRIBUTES}


# The machines on which Linux 6.1 counts execveat as an execution (not PowerPC, s390, 32-bit ARM programs on aarch64).
_EXECVEAT = frozenset({"x86_64", "i386", "aarch64", "riscv64"})


def kernel_class(number: int, machine: str) -> frozenset[int]:
    """The calls of one of the kernel's classes (Linux 6.1), which replace bit 2047 - number of a rule's mask.

    `machine` is the kernel's own, whatever arch the rule names; odd numbers are classes of 32-bit calls. Empty if the
    kernel has no such class: it then drops the bit (kernel/auditfilter.c, audit_to_entry_common).

    Raises:
        ValueError: the number is not 0 to 15.
    """
    if number not in range(CLASS_BITS):
        raise ValueError(f"a class is a number from 0 to {CLASS_BITS - 1}, not {number}")
    native = canonical(machine)
    called = COMPAT.get(native or "") if number % 2 else native
    if called is None or number // 2 >= len(_KERNEL_CLASSES):
        return frozenset()
    return _members(_KERNEL_CLASSES[number // 2], called)


def classes(letter: str, machine: str) -> frozenset[int]:
    """The system calls that the kernel (Linux 6.1) can count for a permission, one of r, w, x, a.

    For some the arguments decide: open, openat and openat2 are r or w or both by their flags; socketcall is w only if
    it is bind (kernel/auditsc.c, audit_match_perm).

    Raises:
        KeyError: another letter.
    """
    called = canonical(machine)
    if called is None:
        return frozenset()
    names = _PERMISSIONS[letter]
    if letter == "x" and called in _EXECVEAT:
        names += " execveat"
    return _members(names, called)


def perm_expansion(letters: str, machine: str, version: Version) -> frozenset[int]:
    """The system calls that this auditctl itself adds to a rule's mask for `-F perm=letters` after an arch field.

    `machine` is the arch field's. Empty before 3.1.3, which adds none.

    Raises:
        KeyError: a letter other than r, w, x, a, in either case.
    """
    numbers = (number(called, machine, version) for called in _expansion(letters, version))
    return frozenset(found for found in numbers if found is not None)


def perm_unknown(letters: str, machine: str, version: Version) -> tuple[str, ...]:
    """The names for which this auditctl rejects `-F perm=letters` after an arch field.

    From 3.1.3 to 4.0.3 a name that the machine lacks is an error, such as "Syscall name unknown: rename" on aarch64.
    Earlier versions add no calls, later ones skip such a name. Empty on x86_64 and i386.
    """
    if version >= data_auditctl.PERM_SKIPS_UNKNOWN:
        return ()
    return tuple(called for called in _expansion(letters, version) if number(called, machine, version) is None)


def _expansion(letters: str, version: Version) -> tuple[str, ...]:
    tables = [table for since, table in data_auditctl.PERM_EXPANSIONS if since <= version]
    if not tables:
        return ()
    return tuple(called for letter in dict.fromkeys(letters.lower()) for called in tables[-1][letter].split())


@lru_cache(maxsize=64)  # every class of the kernel's, of the arches of one machine
def _members(names: str, machine: str) -> frozenset[int]:
    numbers = kernel_numbers(machine)
    return frozenset(numbers[called] for called in names.split() if called in numbers)


def without_classes(mask: int, machine: str) -> int:
    """The mask with its class bits replaced by the calls of the classes, as the kernel stores it."""
    if not mask >> (MASK_BITS - CLASS_BITS):  # as in nearly every rule
        return mask
    for class_number in range(CLASS_BITS):
        if mask >> (MASK_BITS - 1 - class_number) & 1:
            for member in kernel_class(class_number, machine):
                mask |= 1 << member
    return mask & ALL_SYSCALLS
