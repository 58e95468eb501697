"""What an architecture's number means on a machine: whose system calls it names, and how a rule spells it."""

from __future__ import annotations

from auditrules.audit import names, syscalls


def native(machine: str) -> int | None:
    """The number of a machine's own architecture; None for a machine that auditctl's tables lack."""
    known = syscalls.canonical(machine)
    return syscalls.ARCHES[known] if known else None


def machine_of(arch: int | None, default: str) -> str:
    """The machine whose system calls a rule names: that of its arch field, or the host's where it has none."""
    found = syscalls.machine_of(arch) if arch is not None else None
    return found or syscalls.canonical(default) or default


def shown(arch: int, machine: str) -> str:
    """The text of a number in a normal form: b64 and b32 for the machine's own, else a machine, else hexadecimal."""
    for word in ("b64", "b32"):
        if names.arch(word, machine) == arch:
            return word
    return syscalls.machine_of(arch) or f"0x{arch:x}"
