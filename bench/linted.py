"""What `auditrules lint` takes of a processor and of memory, for sets as hosts have them and sets hard to compare."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.rulesets import lines


def _excluding(count: int) -> Iterable[str]:
    """Each with a value that the others do not have."""
    return (f"-a always,exit -F arch=b64 -S execve -F auid={number} -k run" for number in range(count))


def _leaving_out(count: int) -> Iterable[str]:
    """Each for all but a few."""
    return (
        f"-a always,exit -F arch=b64 -S execve -F auid!={number} -F uid!={number + 1} -k run" for number in range(count)
    )


def _ranges(count: int) -> Iterable[str]:
    """Each for a range that overlaps with all others."""
    fixed = "-F auid!=unset -k run"
    return (f"-a always,exit -F arch=b64 -S openat -F auid>={number} {fixed}" for number in range(count, 0, -1))


SETS: Mapping[str, Callable[[int], Iterable[str]]] = MappingProxyType(
    {
        "as hosts have them": lines,
        "that exclude each other": _excluding,
        "with auid!= and uid!=": _leaving_out,
        "of ranges in each other": _ranges,
    }
)


@dataclass(frozen=True)
class Taken:
    """What a run took: CPU time in seconds, and memory in MiB at its most."""

    seconds: float
    memory: float


def linted(folder: Path, found: Iterable[str]) -> Taken:
    """Lint rules in a process of its own."""
    file = folder / "bench.rules"
    file.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
    command = (sys.executable, "-m", "auditrules", "lint", str(file), "--format", "json")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise RuntimeError(f"lint ended with {process.returncode}")
    return Taken(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
