"""Words remedies for missing rules: lines for the rules files, how to load them, and how to remove obstacles. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from auditrules.audit.auditctl.kernel_answer import AnswerState, KernelAnswer
from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.auditctl.rules_file import lines
from auditrules.audit.auditctl.status import LOCKED
from auditrules.audit.coverage.answer import Reason
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.text import encode
from auditrules.audit.rule_sets import BOOT, KERNEL
from auditrules.benchmarks.requirement import NOTHING_TO_DO, UNREADABLE, Remedy, Result
from auditrules.status import Status
from auditrules.values import dataclass, replace

RULES_KNOWN = frozenset({AnswerState.OK, AnswerState.NO_RULES, AnswerState.DISABLED})
"""The states of audit_status in which the kernel's rules are known."""

_LOAD = (
    "then run augenrules --load. If the rules are locked (enabled 2), they load at the next boot. Afterwards "
    "auditctl -l must show the "
)
CANT_EXPRESS = (
    "auditctl can't express this path in a rules file: give it another name, or watch the directory above it, {folder}."
)

_GONE_AT_BOOT = ("/run/", "/var/run/")  # an empty file system at each boot


@dataclass(frozen=True, slots=True)
class Advice:
    """How to remove an obstacle; `and_line`: the control's own line is needed as well."""

    text: str
    and_line: bool = False


# By the reasons of audit_coverage.
ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        "disabled": Advice(
            "Turn auditing on: run auditctl -e 1 for now, and see that auditd starts at boot or the kernel is booted "
            "with audit=1. If its command line has audit=0, only a boot without that turns auditing on."
        ),
        "left_out": Advice(
            "A rule or a mount leaves out what the evidence names after except: take that never rule out of the rules "
            "files, or audit that mount as well.",
            and_line=True,
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
            "Mount the file system from /etc/fstab, before the rules are loaded, or load them again after it is "
            "mounted: service auditd restart, from audit 4.0 on systemctl restart audit-rules.",
            and_line=True,
        ),
        "replaced": Advice(
            "Load the rules again, so that they are on what is there now: service auditd restart, from audit 4.0 on "
            "systemctl restart audit-rules; where they are locked (-e 2), reboot.",
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


# What to do if the rules are not known: by the reader of the kernel's rules, or BOOT. For other readers ADVICE counts.
UNREAD: Mapping[str, str] = MappingProxyType(
    {
        "none": "No loaded rules were read. Of another root, give a listing that was saved on such a host (auditctl -l "
        ">FILE; auditctl -s >>FILE) as --kernel FILE, or go by next_boot, which says what its files load.",
        "listing": "Save the listing again, whole and as root: auditctl -l >FILE; auditctl -s >>FILE.",
        BOOT: "The evidence says what of the next boot is not known. Read the host as root, and of an image all that "
        "it boots from: mount its /boot, too, which has the boot loader's files (grub.cfg, or loader/entries).",
    }
)
TARGET_UNREAD = (
    "Mend what the evidence names, or read the host as root: until then it is not known what is to be audited."
)


@dataclass(frozen=True, slots=True)
class AuditState:
    """The state of auditing that a verdict needs: the state, its error, the reader, and whether rules are locked."""

    state: AnswerState
    error: str = ""
    reader: str = "netlink"
    locked: bool = False

    @classmethod
    def of(cls, audit: HostAudit, source: str = KERNEL) -> AuditState:
        """The state of a host, now or after its next boot. `locked` always means now."""
        now = cls.of_kernel(audit.kernel)
        if source != BOOT:
            return now
        boot = audit.rule_sets.boot
        state = AnswerState.NOT_ASKED if boot.rules is None else AnswerState.OK
        return cls(state, boot.error, BOOT, locked=now.locked)

    @classmethod
    def of_kernel(cls, kernel: KernelAnswer) -> AuditState:
        """The state in the kernel's answer."""
        return cls(kernel.state, kernel.error, kernel.reader, locked=kernel.status.enabled == LOCKED)

    @property
    def known(self) -> bool:
        """Whether the rules of the kernel are known."""
        return self.state in RULES_KNOWN

    def unknown_words(self, source: str) -> str:
        """Say that the rules of a source are not known, and for the kernel also why."""
        if source == BOOT:
            return "the rules that boot loads are not known"
        return f"the rules of the kernel are not known{f': {self.error}' if self.error else ''}"


@lru_cache(maxsize=1024)  # a host has the same few paths again and again
def rule_line(
    path: str, key: str, permissions: str = "", conditions: str = "", *, directory: bool = False
) -> str | None:
    """The rule on a path for a rules file, as a benchmark prescribes it. None: no such line can name the path.

    Without `permissions` it records all four, as the benchmarks of Docker ask, though fewer of them pass. A watch is
    the form that auditctl and every kernel take: of a directory it reaches all below it, and it needs no second line
    for 32-bit calls. It knows no `conditions` (each as ` -F FIELD`); a rule with them has no arch, and so is of both.
    """
    words = path.replace("\\", "\\\\").replace(" ", "\\ ")
    keyed = f" -k {key}" if key else ""
    letters = f" -p {permissions}" if permissions else ""
    line = f"-w {words}{letters}{keyed}"
    if conditions:
        perm = f" -F perm={permissions}" if permissions else ""
        line = f"-a always,exit -F {'dir' if directory else 'path'}={words}{perm}{conditions}{keyed}"
    return line if watched_path(line) == path else None


def rule_remedy(reason: str, state: AuditState, own: Remedy) -> Remedy:
    """The remedy for a requirement on rules that is not met for this reason (a reason of audit_coverage).

    `own` are the lines that it asks for. If there is an obstacle, the advice for it comes before them, or in their
    place.
    """
    if reason == Reason.UNREADABLE.value and state.reader in UNREAD and not state.known:
        return Remedy(text=UNREAD[state.reader])
    advice = ADVICE.get(reason)
    if advice is None:
        return own
    return replace(own, repair=advice.text) if advice.and_line else Remedy(text=advice.text)


def rules_unread(audit: HostAudit, source: RuleSource) -> Result:
    """The result of every requirement on rules if the rules of a source are not known."""
    state = AuditState.of(audit, source.name)
    evidence = source.error or state.unknown_words(source.name)
    return Result(Status.UNKNOWN, UNREADABLE, evidence, remedy=rule_remedy(UNREADABLE, state, NOTHING_TO_DO))


def remedies_text(remedies: Iterable[Remedy]) -> str:
    """Remedies as one text: first steps, then the lines by file with how to load them, then anything else."""
    every = tuple(remedies)
    files: dict[str, dict[str, None]] = {}
    for each in every:
        files.setdefault(each.rules_file, {}).update(dict.fromkeys(each.lines))
    parts = (
        *(each.repair for each in every),
        *(each.first for each in every),
        *_lines_in_words({file: tuple(lines) for file, lines in files.items() if lines}),
        *(each.text for each in every),
    )
    return " ".join(dict.fromkeys(filter(None, parts)))


def _lines_in_words(files: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """A sentence with the lines by file, and how to load them."""
    count = sum(map(len, files.values()))
    if not count:
        return
    puts = [
        f"the line {found[0]} into {file}"
        if len(found) == 1
        else "the lines\n{}\ninto {}".format("\n".join(found), file)
        for file, found in files.items()
    ]
    yield f"Put {', '.join(puts)}, {_LOAD}{'rule' if count == 1 else 'rules'}."


def load_again(records: str, *, locked: bool) -> str:
    """The advice for a host whose rules files meet a control, but whose kernel has not loaded them."""
    if locked:
        return (
            f"The rules files already record {records}, and the rules of the kernel are locked (enabled 2): they load "
            "at the next boot. Reboot the host, then check that auditctl -l shows the rule."
        )
    return (
        f"The rules files already record {records}, and the kernel has not loaded them: run augenrules --load and read "
        "what it prints. If a line is refused, the load ends there; the table audit_rules shows such lines in its "
        "columns state and error. Afterwards auditctl -l must show the rule."
    )


def at_boot(path: str, rules_file: str, *, directory: bool) -> str:
    """The advice if rules load at boot before a path, or its directory, is made; else empty."""
    if not path.startswith(_GONE_AT_BOOT):
        return ""
    folder = path if directory else path.rpartition("/")[0]
    if f"{folder}/" in _GONE_AT_BOOT:
        return ""
    name = rules_file.rpartition("/")[2].removesuffix(".rules")
    return (
        f"Rules load at boot before {folder} is there, and without it auditctl refuses the line and all behind it, or "
        f"watches one name: put the line d {folder} 0711 root root - into /etc/tmpfiles.d/{name}-audit.conf."
    )


def watched_path(line: str) -> str | None:
    """The path that auditctl would watch for a line of a rules file; None if the line is not exactly one rule."""
    pieces = [text for _, text in lines(encode(f"{line}\n"))]
    try:
        parsed = parse_line(pieces[0], Facts()) if pieces == [line] else None
    except RuleSyntaxError:
        return None
    if parsed is None or parsed.rule is None or parsed.controls:
        return None
    field = parsed.rule.watched()
    return str(field.value) if field is not None else None
