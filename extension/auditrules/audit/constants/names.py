"""Translates names in rules to numbers and back: record types, errors, file types, file systems, io_uring operations.

Upper and lower case are alike. Sources: auditctl's tables in lib/ of audit-userspace (msg_typetab.h, errtab.h,
ftypetab.h, fstypetab.h, uringop_table.h).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType

from auditrules.audit.constants import data_names, syscalls
from auditrules.audit.model.c_integers import is_digit, strtol
from auditrules.audit.model.host_facts import Version
from auditrules.audit.model.rule import FilterList
from auditrules.audit.model.syscall_mask import SyscallMask

_MASKS = 4096  # cached masks, which rules mostly share

# S_IFMT bits of stat(2). There is no `symlink` and no `char`.
FILE_TYPES: Mapping[str, int] = MappingProxyType(
    {
        "fifo": 0o010000,
        "character": 0o020000,
        "dir": 0o040000,
        "block": 0o060000,
        "file": 0o100000,
        "link": 0o120000,
        "socket": 0o140000,
    }
)

# The superblock magic of the file systems that auditctl names, and the version since which it does.
FILE_SYSTEMS: Mapping[str, tuple[int, Version]] = MappingProxyType(
    {
        "debugfs": (0x64626720, (0, 0, 0)),
        "tracefs": (0x74726163, (0, 0, 0)),
        "cgroup": (0x27E0EB, (4, 2, 0)),
        "cgroup2": (0x63677270, (4, 2, 0)),
    }
)

# The io_uring operations that auditctl names, and those that only later versions name (lib/uringop_table.h).
URING_OPERATIONS = """
    9 sendmsg recvmsg 13 accept 16 connect fallocate openat close 28 openat2
    34 shutdown renameat unlinkat mkdirat symlinkat linkat msg_ring fsetxattr setxattr fgetxattr getxattr
    46 uring_cmd 48 sendmsg_zc 50 waitid futex_wait futex_wake futex_waitv
    54 fixed_fd_install ftruncate bind listen 64 uring_cmd128
"""
URING_SINCE: tuple[tuple[Version, frozenset[int]], ...] = (
    ((4, 0, 4), frozenset(range(54, 58))),
    ((4, 1, 3), frozenset({64})),
)

_UNKNOWN = "UNKNOWN["
_MOST_DIGITS = 7


def message_type(name: str, version: Version | None = None) -> int | None:
    """The number for a record type's name, or for `UNKNOWN[1329]`, as auditctl prints a type without a name.

    None: this version (None: the newest) rejects the name. A number as text is not a name.
    """
    found = _message_numbers().get(name.upper())
    if found is not None:
        return found if _names_type(found, version) else None
    if name.startswith(_UNKNOWN) and "]" in name:
        digits = name[len(_UNKNOWN) : name.index("]")][:_MOST_DIGITS]
        return strtol(digits, 10) or None
    return None


def message_type_name(number: int, version: Version | None = None) -> str | None:
    """The name that auditctl prints for a record type; None: it prints the number."""
    return _message_names().get(number) if _names_type(number, version) else None


def errno_number(name: str) -> int | None:
    """The number for an error's name, such as `EACCES`. The caller handles the sign."""
    spelled = name.upper()
    return data_names.ERRNO_ALIASES.get(spelled, _errno_numbers().get(spelled))


def errno_name(number: int) -> str | None:
    """The name that auditctl prints for an error's (positive) number."""
    return _errno_names().get(number)


def file_type(name: str) -> int | None:
    """The S_IFMT bits for a file type's name."""
    return FILE_TYPES.get(name.lower())


def file_type_name(number: int) -> str | None:
    """The name for a file type's S_IFMT bits; None: no type has exactly these."""
    return next((name for name, bits in FILE_TYPES.items() if bits == number), None)


def fstype_number(name: str, version: Version | None = None) -> int | None:
    """The superblock magic of a file system's name; None: that version (None: the newest) rejects the name."""
    number, since = FILE_SYSTEMS.get(name.lower(), (None, ()))
    return number if version is None or version >= since else None


def fstype_name(number: int, version: Version | None = None) -> str | None:
    """The name that auditctl prints for a superblock magic; None: it prints the number."""
    named = (name for name, (magic, since) in FILE_SYSTEMS.items() if magic == number and (version or since) >= since)
    return next(named, None)


def uring_number(name: str, version: Version | None = None) -> int | None:
    """The number of an io_uring operation's name, or of a number's text; None: that version rejects the name."""
    if is_digit(name):
        return strtol(name)
    return next((number for number, known in _uring_names(version).items() if known == name.lower()), None)


def uring_name(number: int, version: Version | None = None) -> str | None:
    """The name that auditctl prints for an io_uring operation; None: it prints the number."""
    return _uring_names(version).get(number)


@lru_cache(_MASKS)
def syscall_mask(bits: int, filter_list: FilterList, machine: str) -> SyscallMask:
    """The mask of a rule of a list, which names system calls of a machine, or operations of io_uring."""
    return SyscallMask(bits, uring_name if filter_list is FilterList.IO_URING else _syscall_name(machine))


@lru_cache
def _syscall_name(machine: str) -> Callable[[int], str | None]:
    return partial(syscalls.name, machine=machine)


def _names_type(number: int, version: Version | None) -> bool:
    if version is None:
        return True
    return all(since <= version or number not in types for since, types in data_names.MESSAGE_TYPES_SINCE)


@lru_cache
def _uring_names(version: Version | None) -> Mapping[int, str]:
    unnamed = frozenset[int]().union(*(late for since, late in URING_SINCE if version is not None and version < since))
    return {number: name for number, name in syscalls.read_runs(URING_OPERATIONS).items() if number not in unnamed}


@lru_cache(maxsize=1)
def _message_names() -> Mapping[int, str]:
    return syscalls.read_runs(data_names.MESSAGE_TYPES)


@lru_cache(maxsize=1)
def _message_numbers() -> Mapping[str, int]:
    return {name: number for number, name in _message_names().items()}


@lru_cache(maxsize=1)
def _errno_names() -> Mapping[int, str]:
    return syscalls.read_runs(data_names.ERRNOS)


@lru_cache(maxsize=1)
def _errno_numbers() -> Mapping[str, int]:
    return {name: number for number, name in _errno_names().items()}
