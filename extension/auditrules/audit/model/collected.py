"""What is collected of a host, not yet parsed: bytes, exit codes, and the reason if something could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from auditrules.audit.model.host_facts import UNKNOWN_FACTS, Facts
from auditrules.values import dataclass, field


class RunFailure(str, Enum):
    """Why a program did not end by itself, or did not start."""

    MISSING = "missing"  # no such program
    NOT_STARTED = "not_started"  # it is there, and the kernel would not run it
    TIMED_OUT = "timed_out"  # killed at the time limit
    TOO_LONG = "too_long"  # killed at the output limit


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program: its output, and how it ended."""

    command: tuple[str, ...]
    returncode: int | None = None  # None: it did not end by itself (`failure` says why)
    stdout: bytes = b""
    stderr: bytes = b""
    failure: RunFailure | None = None
    detail: str = ""  # the failure in words: limits in seconds or bytes, the system's own message


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, or why they could not be read. `path` is the path on the host, without any --root."""

    path: str
    content: bytes | None = None
    error: str = ""
    # Permission bits, owner, and time of the last change in seconds since the epoch; None if they are not known or not
    # needed. They do not count when files are compared.
    mode: int | None = field(default=None, compare=False)
    uid: int | None = field(default=None, compare=False)
    changed: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Netlink:
    """The kernel's answer over netlink: the payloads of its messages, or why there are none.

    `rules` are payloads as the kernel sent them, or packed; None if they are not known. `errno` is the kernel's refusal
    (0: it refused nothing); `capable` then says whether our process had CAP_AUDIT_CONTROL.
    """

    rules: tuple[bytes, ...] | None = None
    status: bytes = b""
    features: bytes = b""  # empty if the kernel does not know AUDIT_GET_FEATURE
    errno: int = 0
    capable: bool | None = None
    timed_out: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel's rules and status: bytes over netlink, the output of `auditctl -l` and `-s`, or a saved copy of it.

    `reader` is `netlink`, `auditctl` (the program was run), `listing` (`saved` has a saved copy) or `none` (not read;
    `reason` says why).
    """

    reader: str
    netlink: Netlink | None = None
    listing: Run | None = None
    status: Run | None = None
    saved: File | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Units:
    """What decides which rules boot loads: the files of systemd units that may load them, and the programs they run.

    Paths are those in which systemd looks. A unit file that is a link is in `links`, and in `files` with the content of
    its target.
    """

    files: tuple[File, ...] = ()  # unit files and drop-ins; those of enabled mount units come last
    links: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # path and target
    augenrules: bool = False  # the script is installed
    awk: str = ""  # the program that the command `awk` leads to; empty: none was found
    error: str = ""  # a folder that could not be listed, and why
    mounts: tuple[str, ...] = ()  # names of enabled mount units


@dataclass(frozen=True, slots=True)
class BootFiles:
    """The files of boot loaders, and the files from which they are made; paths are the host's own.

    `images`: there are unified kernel images, which contain their own command line. `occupied`: /boot is not empty, so
    the root is meant to boot by itself.
    """

    files: tuple[File, ...] = ()
    images: bool = False
    occupied: bool = False
    error: str = ""  # a folder that could not be listed, and why


@dataclass(frozen=True, slots=True)
class TriedRulesText:
    """Rules to judge as if boot loaded them (`check --rules`): a text, and the FILE:LINE of each of its lines.

    Lines are counted as auditctl counts, from 1: a line longer than 6,143 bytes counts as several.
    """

    content: bytes
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that is collected of a host. Each row of each table is a pure function of this value."""

    kernel: Kernel
    rules_d: tuple[File, ...] = ()  # *.rules of /etc/audit/rules.d, in any order
    rules_d_error: str = ""  # why the folder itself could not be listed; empty also if there is no such folder
    audit_rules: File | None = None  # None: there is no such file
    auditd_conf: File | None = None
    cmdline: File | None = None  # /proc/cmdline; None under another root
    boot_files: BootFiles | None = None  # None: not collected
    units: Units | None = None  # None: not collected
    consumer: str = ""  # comm of the process that owns the audit stream
    auditctl_version: str = ""  # as the program prints it; empty: not known
    facts: Facts = UNKNOWN_FACTS
    tried: TriedRulesText | None = None  # if set, it decides what boot loads, not the files and units
