"""Reads a process from /proc: its files, its name, and its start time (proc(5))."""

from __future__ import annotations

import os
import re

from auditrules.audit.model.text import decode

MOST_BYTES = 1 << 16  # of a file of /proc

_START_TIME = 19  # of the fields of /proc/PID/stat behind the name


def proc_bytes(path: str, limit: int = MOST_BYTES) -> bytes:
    """The beginning of a file of /proc; empty if the process has ended, or we may not read it."""
    try:
        with open(path, "rb") as stream:
            return stream.read(limit)
    except OSError:
        return b""


def proc_text(path: str) -> str:
    """As `proc_bytes`, decoded."""
    return decode(proc_bytes(path))


def status_fields(status: str) -> dict[str, str]:
    """Parse the lines of /proc/PID/status. The kernel escapes line feeds in their values."""
    parts = (line.partition(":\t") for line in status.split("\n"))
    return {name: value for name, _, value in parts}


def link_target(path: str) -> str:
    """The text of a link in /proc; empty for a kernel thread, a process that has ended, or one we may not look at."""
    try:
        return decode(os.readlink(os.fsencode(path)))
    except OSError:
        return ""


def process_name(folder: str) -> str:
    """The name of the process with this folder of /proc; empty: not known."""
    return proc_text(f"{folder}/comm").removesuffix("\n")


def boot_time(proc: str = "/proc") -> float | None:
    """When this machine was booted by its present clock, in whole seconds since the epoch; None: not known."""
    booted = re.search(r"^btime (\d+)$", proc_text(f"{proc}/stat"), re.MULTILINE)
    return float(booted[1]) if booted else None


def process_start(folder: str, proc: str = "/proc") -> float | None:
    """When the process with this folder of /proc was started, in seconds since the epoch; None: not known."""
    booted = boot_time(proc)
    words = proc_text(f"{folder}/stat").rpartition(")")[2].split()
    if booted is None or len(words) <= _START_TIME or not words[_START_TIME].isdigit():
        return None
    return booted + int(words[_START_TIME]) / os.sysconf("SC_CLK_TCK")
