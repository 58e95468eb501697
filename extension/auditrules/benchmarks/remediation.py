r"""The remediation of a control: the line for the rules files, with this host's path, and how to load it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.auditctl.rules_file import lines
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.text import encode
from auditrules.benchmarks.control import BenchmarkControl, TargetKind

RULES_FILE = "/etc/audit/rules.d/docker.rules"
KEY = "docker"

LOAD = (
    "then run augenrules --load. If the rules are locked (enabled 2), they load at the next boot. Afterwards "
    "auditctl -l must show the rule."
)

_GONE_AT_BOOT = ("/run/", "/var/run/")  # an empty file system at each boot


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do where something else stands in the way; `and_line`: the control's own line is needed as well."""

    text: str
    and_line: bool = False


# By the reasons of audit_coverage.
ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        "disabled": Advice(
            "Turn auditing on: run auditctl -e 1 for now, and see that auditd starts at boot or the kernel is booted "
            "with audit=1."
        ),
        "suppressed": Advice(
            "A never rule comes first: take it out of the rules files, or move it behind the line for this path.",
            and_line=True,
        ),
        "task_never": Advice(
            "Take the never rule of the task list out of /etc/audit/rules.d, run augenrules --load, and restart what "
            "was started meanwhile: those processes stay unrecorded.",
            and_line=True,
        ),
        "excluded": Advice(
            "Take the rule of the exclude list that the evidence names out of the rules files.", and_line=True
        ),
        "filesystem_never": Advice(
            "Take the rule of the filesystem list that the evidence names out of the rules files.", and_line=True
        ),
        "mounted_after_load": Advice(
            "Mount the file system from /etc/fstab, before the rules are loaded, or run augenrules --load after it is "
            "mounted.",
            and_line=True,
        ),
        "remote_filesystem": Advice(
            "The path is on a network file system, and is not looked at: audit it on its server."
        ),
        "unreadable": Advice(
            "Read the kernel's rules as root with CAP_AUDIT_CONTROL in the host's own namespaces; audit_status.error "
            "says what was missing."
        ),
    }
)


# What to do if the rules of the kernel are not known, by how they were read; otherwise as ADVICE says.
UNREAD: Mapping[str, str] = MappingProxyType(
    {
        "none": "No loaded rules were read. Of another root, give a listing that was saved on such a host (auditctl -l "
        ">FILE; auditctl -s >>FILE) as --kernel FILE, or go by next_boot, which says what its files load.",
        "listing": "Save the listing again, whole and as root: auditctl -l >FILE; auditctl -s >>FILE.",
    }
)
TARGET_UNREAD = (
    "Mend what the evidence names, or read the host as root: until then it is not known what is to be audited."
)


@lru_cache(maxsize=1024)  # a host has the same few paths again and again
def rule_line(path: str) -> str | None:
    """The line of a rules file that the benchmark prescribes for a path. None: no such line can name the path.

    It records all four permissions, as the benchmark asks, though fewer of them pass. A watch is the form that auditctl
    and every kernel take: of a directory it reaches all below it, and it needs no second line for 32-bit calls.
    """
    words = path.replace("\\", "\\\\").replace(" ", "\\ ")
    line = f"-w {words} -k {KEY}"
    return line if _watched(line) == path else None


def remedy(control: BenchmarkControl, path: str) -> str:
    """What to do on a host where the control's target is `path`, links at its end followed."""
    line = rule_line(path)
    if line is None:
        folder = path.rpartition("/")[0] or "/"
        return (
            "auditctl can't express this path in a rules file: give it another name, or watch the directory above it, "
            f"{folder}."
        )
    first = ""
    if control.subject.kind is TargetKind.DIRECTORY:
        first = "Create the directory first if it is missing; otherwise the watch is not recursive. "
    return f"{first}Put the line {line} into {RULES_FILE}, {LOAD}{_at_boot(control, path)}"


def load_again(path: str, *, locked: bool) -> str:
    """What to do on a host whose rules files record what the control wants of `path`, and whose kernel does not."""
    if locked:
        return (
            f"The rules files already record {path}, and the rules of the kernel are locked (enabled 2): they load at "
            "the next boot. Reboot the host, then check that auditctl -l shows the rule."
        )
    return (
        f"The rules files already record {path}, and the kernel has not loaded them: run augenrules --load and read "
        "what it prints. If a line is refused, the load ends there; the table audit_rules shows such lines in its "
        "columns state and error. Afterwards auditctl -l must show the rule."
    )


def _at_boot(control: BenchmarkControl, path: str) -> str:
    """What is needed where the rules load before the target, or the directory it is in, is made."""
    if not path.startswith(_GONE_AT_BOOT):
        return ""
    folder = path if control.subject.kind is TargetKind.DIRECTORY else path.rpartition("/")[0]
    if f"{folder}/" in _GONE_AT_BOOT:
        return ""
    return (
        f" Rules load at boot before {folder} is there, and without it auditctl refuses the line and all behind it, or "
        f"watches one name: put the line d {folder} 0711 root root - into /etc/tmpfiles.d/docker-audit.conf."
    )


def _watched(line: str) -> str | None:
    """The path that auditctl would watch by a line of a rules file, if the line is one rule and nothing else."""
    pieces = [text for _, text in lines(encode(f"{line}\n"))]
    try:
        said = parse_line(pieces[0], Facts()) if pieces == [line] else None
    except RuleSyntaxError:
        return None
    if said is None or said.rule is None or said.controls:
        return None
    field = said.rule.watched()
    return str(field.value) if field is not None else None
