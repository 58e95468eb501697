"""What was collected of a host, before anyone reads it: bytes, return codes, and why something is not there."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from auditrules.audit.facts import Facts


class Failure(str, Enum):
    """Why a program gave no answer of its own."""

    MISSING = "missing"  # no such program
    NOT_STARTED = "not_started"  # it is there, and the kernel would not run it
    TIMED_OUT = "timed_out"  # killed at the time limit
    TOO_LONG = "too_long"  # killed at the output limit


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program: what it printed and how it ended."""

    command: tuple[str, ...]
    returncode: int | None = None  # None: it did not end by itself (`failure` says why)
    stdout: bytes = b""
    stderr: bytes = b""
    failure: Failure | None = None
    detail: str = ""  # the failure in words: limits in seconds or bytes, the system's own message


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, or why they could not be read. `path` is the host's own, whatever the root."""

    path: str
    content: bytes | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel's side, as text: `auditctl -l` and `auditctl -s`, or a saved copy of them.

    `reader` is `auditctl` (they were run), `listing` (`saved` holds a saved copy) or `none` (nobody asked;
    `reason` says why).
    """

    reader: str
    listing: Run | None = None
    status: Run | None = None
    saved: File | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything the tables are made of. A pure function of this value gives every row."""

    kernel: Kernel
    rules_d: tuple[File, ...] = ()  # *.rules of /etc/audit/rules.d, in any order
    rules_d_error: str = ""  # why the folder itself could not be listed; empty also where there is no such folder
    audit_rules: File | None = None  # None: there is no such file
    auditd_conf: File | None = None
    cmdline: File | None = None  # /proc/cmdline; None under another root
    consumer: str = ""  # comm of the process that owns the audit stream
    auditctl_version: str = ""  # as the program says it; empty: not known
    facts: Facts = field(default_factory=Facts)
