"""Finds out whether auditd refuses auditd.conf: for the file itself, or for a group or program that it names. Pure."""

from __future__ import annotations

from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.configuration.auditd_options import PATH, LooksInto
from auditrules.benchmarks.requirement import (
    UNCLEAR,
    JudgedHost,
)
from auditrules.status import Status
from auditrules.text import visible

_WRITABLE_BY_OTHERS = 0o002
_MODES = (0o750, 0o755)  # of a program that every version runs

REFUSES = "auditd refuses the file"


def file_refusal(host: JudgedHost) -> str:
    """Why auditd does not even read the file: it is a link, or others may write it; else empty."""
    entry = host.seen.get(PATH)
    if entry is not None and entry.type == "link":
        return "it is a symbolic link"
    file = host.audit.collected.auditd_conf
    if file is not None and file.mode is not None and file.mode & _WRITABLE_BY_OTHERS:
        return f"others may write it (mode {file.mode:04o})"
    return ""


def line_refusal(line: LooksInto, host: JudgedHost) -> tuple[Status, str, str, int] | None:
    """The status, reason, evidence and line if auditd refuses, or may refuse, a group or program in this line."""
    wanted, unclear = _of_group(line.named, host) if line.group else _of_program(line.named, host)
    if wanted:
        refused = f"{REFUSES}: expected {wanted} as {line.option}, found {visible(line.named)}"
        return Status.FAIL, "refused", refused, line.line
    if unclear:
        may = f"auditd may refuse the file: {unclear} of {line.option}, {visible(line.named)}"
        return Status.UNKNOWN, UNCLEAR, may, line.line
    return None


def _of_group(name: str, host: JudgedHost) -> tuple[str, str]:
    """What auditd expects in place of a group, or why that is not known; both empty if it accepts the group."""
    known = host.audit.collected.facts.groups
    if known is not None and name in known:
        return "", ""
    if known is None or host.facts.services is not None:  # a running machine may have groups that are not in /etc/group
        return "", "it is not known whether there is the group"
    return "a group of /etc/group", ""


def _of_program(path: str, host: JudgedHost) -> tuple[str, str]:
    """What auditd expects in place of a program, or why that is not known (auditd-config.c, check_exe_name)."""
    end = host.file_system.walk(path)
    if end.missing:
        return "a program that is there", ""
    entry = end.entry
    if entry is None or (entry.type == "file" and entry.mode is None):
        return "", "nobody could look at the program"
    if entry.type != "file":
        return "a regular file", ""
    return _of_mode(entry, owners=host.facts.files is not None and host.facts.files.owners)


def _of_mode(entry: Entry, *, owners: bool) -> tuple[str, str]:
    """What auditd expects in place of a regular file with this mode and owner, or why that is not known."""
    mode = (entry.mode or 0) & 0o777
    if mode & 0o772 != 0o750:  # noqa: PLR2004 - the bits that every version compares
        return f"a program with mode 0750 or 0755, not {mode:04o},", ""
    if not owners or entry.uid is None:
        return "", "it is not known who owns the program"
    if entry.uid:
        return "a program of root's", ""
    return "", "" if mode in _MODES else f"not every version takes the mode {mode:04o} of the program"
