"""System calls by machine: names and numbers, in auditctl's tables and the kernel's.

A machine is one of ARCHES, or a name that uname(1) prints (`i686`, `armv7l`); other machines have no names and numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType

from auditrules.audit.constants import data_auditctl
from auditrules.audit.constants.data_syscalls import SYSCALLS
from auditrules.audit.model.host_facts import Version

# The machines with tables, and the kernel's number of each (AUDIT_ARCH_* of linux/audit.h).
ARCHES: Mapping[str, int] = MappingProxyType(
    {
        "x86_64": 0xC000003E,
        "i386": 0x40000003,
        "aarch64": 0xC00000B7,
        "arm": 0x40000028,
        "ppc64le": 0xC0000015,
        "ppc64": 0x80000015,
        "ppc": 0x14,
        "s390x": 0x80000016,
        "s390": 0x16,
        "riscv64": 0xC00000F3,
    }
)

_MACHINES = {number: machine for machine, number in ARCHES.items()}

# Other spellings that auditctl takes (lib/machinetab.h).
SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "i486": "i386",
        "i586": "i386",
        "i686": "i386",
        "armeb": "arm",
        "armv5tejl": "arm",
        "armv5tel": "arm",
        "armv6l": "arm",
        "armv7l": "arm",
        "armv8l": "aarch64",
    }
)

SPELLINGS_SINCE: Mapping[str, Version] = MappingProxyType({"armv8l": (3, 0, 6)})

# The 32-bit machine whose programs a 64-bit kernel runs. ppc64le and riscv64 kernels audit no such programs.
COMPAT: Mapping[str, str] = MappingProxyType({"x86_64": "i386", "aarch64": "arm", "ppc64": "ppc", "s390x": "s390"})


# Calls that auditctl still knows, but no kernel serves: it returns ENOSYS. The first three were removed in Linux 2.6,
# the others never existed (kernel/sys_ni.c, and the tables of calls without an entry).
UNSERVED = frozenset(
    {
        *("create_module", "get_kernel_syms", "query_module"),
        *("afs_syscall", "getpmsg", "putpmsg", "security", "tuxcall", "vserver"),
        *("break", "gtty", "lock", "mpx", "prof", "profil", "stty"),
    }
)


def canonical(machine: str) -> str | None:
    """The machine of ARCHES for a spelling in any case; None: auditctl's tables have no such machine."""
    spelled = machine.lower()
    found = SPELLINGS.get(spelled, spelled)
    return found if found in ARCHES else None


def machine_of(arch: int) -> str | None:
    """The machine whose AUDIT_ARCH number this is."""
    return _MACHINES.get(arch)


def has_machine(machine: str, version: Version | None = None) -> bool:
    """Whether that auditctl (None: the newest) has a table for a machine of ARCHES."""
    return version is None or version >= data_auditctl.MACHINE_SINCE.get(machine, version)


def number(name: str, machine: str, version: Version | None = None) -> int | None:
    """The number that auditctl has for a system call's name, in upper or lower case.

    None: this version (None: the newest) has no such name for the machine, and rejects the line.
    """
    return _numbers(machine, version).get(name.lower())


def name(number: int, machine: str, version: Version | None = None) -> str | None:
    """The name that auditctl prints for a system call's number; None: it prints the number."""
    return _names(machine, version).get(number)


def names(machine: str, version: Version | None = None) -> Collection[str]:
    """The names of system calls that auditctl (None: the newest) knows for a machine."""
    return _numbers(machine, version).keys()


def kernel_number(name: str, machine: str) -> int | None:
    """The kernel's own number of a call, which auditctl may not know; None: the machine has no such call."""
    known = canonical(machine)
    return None if known is None else kernel_numbers(known).get(name)


def call_number(name: str, machine: str) -> int | None:
    """The number of a call, by auditctl's name or the kernel's; None: the machine has no such call."""
    found = number(name, machine)
    return kernel_number(name, machine) if found is None else found


def all_calls(machine: str) -> Mapping[str, int]:
    """All calls that the newest kernel in our tables serves on a machine of ARCHES, with their numbers."""
    return MappingProxyType({name: place for name, place in kernel_numbers(machine).items() if name not in UNSERVED})


@lru_cache
def kernel_numbers(machine: str) -> Mapping[str, int]:
    """The kernel's own names and numbers of the calls of a machine of ARCHES."""
    table = SYSCALLS["ppc64" if machine == "ppc64le" else machine]
    return {called: position for position, called in read_runs(table).items()}


@lru_cache
def _names(machine: str, version: Version | None) -> Mapping[int, str]:
    """The names that auditctl (None: the newest) prints for a machine's calls."""
    known = canonical(machine)
    if known is None or not has_machine(known, version):
        return {}
    base = data_auditctl.BASES.get(known, known)
    found = read_runs(SYSCALLS[base]) | read_runs(data_auditctl.NAMES[base])
    unnamed = data_auditctl.UNNAMED.get(base, frozenset())
    if version is not None:
        unnamed = unnamed.union(*(late for since, late in data_auditctl.LATE.get(base, ()) if version < since))
        last = _last(base, version)
        renamed_in, names = data_auditctl.RENAMED.get(base, (version, ""))
        if version < renamed_in:
            found |= read_runs(names)
        found = {position: called for position, called in found.items() if position <= last}
    return {position: called for position, called in found.items() if position not in unnamed}


def _last(base: str, version: Version) -> int:
    rows = {**dict(data_auditctl.LAST), **dict(data_auditctl.LAST_OF.get(base, ()))}
    return rows[max(since for since in rows if since <= version)]


@lru_cache
def _numbers(machine: str, version: Version | None) -> Mapping[str, int]:
    """The numbers that auditctl has for names, including aliases, which it never prints."""
    names = _names(machine, version)
    aliases = data_auditctl.ALIASES.get(canonical(machine) or "", {})
    numbers = {called: position for position, called in names.items()}
    return numbers | {called: position for called, position in aliases.items() if position in names}


def read_runs(text: str) -> dict[int, str]:
    """Parse a table of the data modules: a number belongs to the next name, and each further name has the next one."""
    table: dict[int, str] = {}
    position = 0
    for word in text.split():
        if word.isdigit():
            position = int(word)
        else:
            table[position] = word
            position += 1
    return table
