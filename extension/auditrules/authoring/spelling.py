"""Suggests what a refused word was meant as: the machine's call for it, its number, or a name with similar spelling."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from auditrules.audit.auditctl.getopt import Flag
from auditrules.audit.constants import arches, syscalls
from auditrules.audit.constants.fields import TABLE
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import FilterList

# Calls that newer machines replace with others (__ARCH_WANT_SYSCALL_* of the kernel's asm-generic/unistd.h until Linux
# 4.17), and calls of 32-bit machines that have another name elsewhere.
_IN_PLACE = {
    **dict.fromkeys(("open", "creat"), "openat"),
    **dict.fromkeys(("unlink", "rmdir"), "unlinkat"),
    **dict.fromkeys(("chown", "lchown"), "fchownat"),
    **dict.fromkeys(("stat", "lstat"), "newfstatat"),
    **dict.fromkeys(("utime", "utimes", "futimesat"), "utimensat"),
    **dict.fromkeys(("fork", "vfork"), "clone"),
    "_llseek": "lseek",
    "access": "faccessat",
    "chmod": "fchmodat",
    "dup2": "dup3",
    "epoll_create": "epoll_create1",
    "epoll_wait": "epoll_pwait",
    "getdents": "getdents64",
    "inotify_init": "inotify_init1",
    "link": "linkat",
    "mkdir": "mkdirat",
    "mknod": "mknodat",
    "mmap2": "mmap",
    "pipe": "pipe2",
    "poll": "ppoll",
    "readlink": "readlinkat",
    "recv": "recvfrom",
    "rename": "renameat2",
    "renameat": "renameat2",
    "select": "pselect6",
    "send": "sendto",
    "stime": "settimeofday",
    "symlink": "symlinkat",
    "time": "gettimeofday",
    "umount": "umount2",
}
_OF_LISTS = ("-a", "-A", "-d")
_LISTS = (*(each.value for each in FilterList), "always", "never")


def meant(error: RuleSyntaxError, flags: Iterable[Flag], facts: Facts) -> str:
    """Suggest what a refused word was meant as, as the end of a sentence; empty: no suggestion."""
    start, end = error.span
    found = error.line[start:end]
    arch = arches.native(facts.machine)
    for flag in flags:
        operand = flag.operand
        if operand is None:
            continue
        if operand.start <= start < end <= operand.end:
            if flag.flag == "-S":
                return _call(found.lower(), arches.machine_of(arch, facts.machine), facts.version)
            if flag.flag == "-F" and start == operand.start and end < operand.end:
                return _alike(found, (field.name for field in TABLE if field.since <= facts.version))
            return _alike(found, _LISTS) if flag.flag in _OF_LISTS else ""
        if flag.flag in _OF_LISTS and FilterList.IO_URING.value in operand.text.split(","):
            return ""  # its -S names no system calls
        if flag.flag == "-F" and operand.text.startswith("arch="):
            arch = arches.number(operand.text.removeprefix("arch="), facts.machine, facts.version)
    return ""


@lru_cache(maxsize=1024)
def _call(name: str, machine: str, version: Version) -> str:
    number = syscalls.kernel_number(name, machine)
    if number is not None:
        return f": this auditctl has no name for it, and takes its number, {number}"
    known = syscalls.names(machine, version)
    stem = name.rstrip("0123456789")
    near = next((each for each in (_IN_PLACE.get(name), stem, _IN_PLACE.get(stem)) if each in known), None)
    return f": did you mean {near}?" if near else _alike(name, known)


def _alike(name: str, known: Iterable[str]) -> str:
    # A first letter is rarely wrong, and all names of calls would take a millisecond for each word.
    near = get_close_matches(name.lower(), [each for each in known if each[0] == name[0].lower()], 1)
    return f": did you mean {near[0]}?" if near else ""
