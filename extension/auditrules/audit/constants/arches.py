"""The arch field: parses and prints its value, and finds the machine whose system calls it means; also loaders.

Sources: audit_determine_machine in lib/libaudit.c of audit-userspace, and lib/machinetab.h.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from auditrules.audit.constants import syscalls
from auditrules.audit.model.c_integers import is_digit, strtol, word
from auditrules.audit.model.host_facts import Version

_64_BIT = 0x80000000  # __AUDIT_ARCH_64BIT
_HEXADECIMAL = 16
_KEPT = 64  # texts that are remembered: a host has few, and each rule on system calls has one

# The dynamic loader that programs of each machine name as their interpreter (PT_INTERP).
LOADERS: Mapping[str, str] = MappingProxyType(
    {
        "x86_64": "/lib64/ld-linux-x86-64.so.2",
        "aarch64": "/lib/ld-linux-aarch64.so.1",
        "arm": "/lib/ld-linux-armhf.so.3",
        "i386": "/lib/ld-linux.so.2",
        "ppc64le": "/lib64/ld64.so.2",
        "ppc64": "/lib64/ld64.so.1",
        "s390x": "/lib/ld64.so.1",
        "riscv64": "/lib/ld-linux-riscv64-lp64d.so.1",
    }
)


@lru_cache(_KEPT)
def number(text: str, machine: str, version: Version | None = None) -> int | None:
    """The kernel's number for the text of an arch field: b64, b32, a machine's name, or a number as C parses it.

    `machine` is the host's, on which b64 and b32 depend. None: auditctl rejects the text on this host.
    """
    if is_digit(text):
        found = syscalls.machine_of(word(strtol(text, signed=False)))
    elif text.lower() in {"b64", "b32"}:
        found = _by_bits(text.lower(), syscalls.canonical(machine))
    else:
        # A text that is no machine's name is read as hexadecimal, with or without 0x.
        found = _spelled(text, version) or syscalls.machine_of(word(strtol(text, _HEXADECIMAL, signed=False)))
    if found is None or not syscalls.has_machine(found, version):
        return None
    return syscalls.ARCHES[found]


def _spelled(text: str, version: Version | None) -> str | None:
    late = version is not None and version < syscalls.SPELLINGS_SINCE.get(text.lower(), version)
    return None if late else syscalls.canonical(text)


def _by_bits(bits: str, machine: str | None) -> str | None:
    if machine is None:
        return None
    if listed(syscalls.ARCHES[machine]) == bits:
        return machine
    return syscalls.COMPAT.get(machine)  # a 32-bit machine has no other, so b64 there is an error


def native(machine: str) -> int | None:
    """The number of a machine's own architecture; None: auditctl's tables lack the machine."""
    known = syscalls.canonical(machine)
    return syscalls.ARCHES[known] if known else None


def machine_of(arch: int | None, default: str) -> str:
    """The machine whose system calls a rule means: that of its arch field, or `default` (the host's) if it has none."""
    found = syscalls.machine_of(arch) if arch is not None else None
    return found or syscalls.canonical(default) or default


def listed(arch: int) -> str:
    """The value of an arch field as a listing prints it: b64 or b32, whatever the machine."""
    return "b64" if arch & _64_BIT else "b32"


def shown(arch: int, machine: str) -> str:
    """The value in normal form: b64 or b32 for the machine's own, else the machine's name, else hexadecimal."""
    for bits in ("b64", "b32"):
        if number(bits, machine) == arch:
            return bits
    return syscalls.machine_of(arch) or f"0x{arch:x}"


def loader_of(machine: str) -> str:
    """The path of the dynamic loader of a machine's programs; empty if it is not known."""
    return LOADERS.get(syscalls.canonical(machine) or "", "")
