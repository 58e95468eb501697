"""What was collected of a host, before anyone reads it: bytes, return codes, and why something is not there."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from auditrules.audit.model.host_facts import UNKNOWN_FACTS, Facts
from auditrules.values import dataclass, field


class RunFailure(str, Enum):
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
    failure: RunFailure | None = None
    detail: str = ""  # the failure in words: limits in seconds or bytes, the system's own message


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, or why they could not be read. `path` is the host's own, whatever the root."""

    path: str
    content: bytes | None = None
    error: str = ""
    # Permission bits, owner, and when it was last changed, in seconds since the epoch; None where they are not known or
    # do not count. Two files are the same without them.
    mode: int | None = field(default=None, compare=False)
    uid: int | None = field(default=None, compare=False)
    changed: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Netlink:
    """What the kernel itself answered: the payloads of its messages, or why there are none.

    `rules`, each as the kernel sent it or packed, is None where they are not known; `errno` is the kernel's refusal, 0
    where it refused nothing, and then `capable` says whether the asking process had CAP_AUDIT_CONTROL.
    """

    rules: tuple[bytes, ...] | None = None
    status: bytes = b""
    features: bytes = b""  # empty where the kernel does not know the question
    errno: int = 0
    capable: bool | None = None
    timed_out: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel's side: its own bytes, or as text `auditctl -l` and `auditctl -s`, or a saved copy of them.

    `reader` is `netlink` (the kernel was asked), `auditctl` (the program was run), `listing` (`saved` holds a saved
    copy) or `none` (nobody asked; `reason` says why).
    """

    reader: str
    netlink: Netlink | None = None
    listing: Run | None = None
    status: Run | None = None
    saved: File | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Units:
    """What there is to say what boot loads: systemd's files for the units that may, and the programs they run.

    Paths are those where systemd looks. A unit file that is a link is in `links` as well as, with what the link leads
    to, in `files`.
    """

    files: tuple[File, ...] = ()  # unit files and their drop-ins, those of mount units that something wants last
    links: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # with the links' texts
    augenrules: bool = False  # the script is installed
    awk: str = ""  # the program that `awk` is, links followed; empty: none was found
    error: str = ""  # a folder that could not be listed, and why
    mounts: tuple[str, ...] = ()  # names of mount units that something wants


@dataclass(frozen=True, slots=True)
class BootFiles:
    """The files of boot loaders, and those that they are made from; paths are the host's own.

    `images` says that there are unified kernel images, which hold a command line of their own; `occupied` that /boot is
    not empty, so that the root is meant to boot by itself.
    """

    files: tuple[File, ...] = ()
    images: bool = False
    occupied: bool = False
    error: str = ""  # a folder that could not be listed, and why


@dataclass(frozen=True, slots=True)
class TriedRulesText:
    """Rules that are judged as if they were what boot loads: a text, and where each of its lines stands (FILE:LINE).

    Lines have auditctl's numbers, from 1: a line longer than 6,143 bytes counts as several.
    """

    content: bytes
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything the tables are made of. A pure function of this value gives every row."""

    kernel: Kernel
    rules_d: tuple[File, ...] = ()  # *.rules of /etc/audit/rules.d, in any order
    rules_d_error: str = ""  # why the folder itself could not be listed; empty also where there is no such folder
    audit_rules: File | None = None  # None: there is no such file
    auditd_conf: File | None = None
    cmdline: File | None = None  # /proc/cmdline; None under another root
    boot_files: BootFiles | None = None  # None: nobody looked
    units: Units | None = None  # None: nobody looked
    consumer: str = ""  # comm of the process that owns the audit stream
    auditctl_version: str = ""  # as the program says it; empty: not known
    facts: Facts = UNKNOWN_FACTS
    tried: TriedRulesText | None = None  # in place of what the files and units say
