"""The kernel's command line, and whether its option audit= switches auditing on or off."""

from __future__ import annotations

from collections.abc import Sequence

from auditrules.audit.boot.grub_menu import Words
from auditrules.audit.model.collected import Sources
from auditrules.audit.model.text import decode
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class KernelCommandLine:
    """The possible command lines of the next boot, each as words. `source` names the files that they are from, if any.

    `remark` is for evidence: which line was taken if no file has it, or if files differ. If `known` is false, the line
    may be any; `possible` then has one with audit=0 and one that does not mention audit.
    """

    possible: tuple[Words, ...]
    source: str = ""
    remark: str = ""
    known: bool = True


UNSAID = KernelCommandLine(((),))


def cmdline_of(sources: Sources) -> tuple[str, ...]:
    """The words of the kernel's command line of this boot."""
    content = sources.cmdline.content if sources.cmdline else None
    return tuple(decode(content or b"").split())


def audit_option(cmdline: Sequence[str]) -> str:
    """The value of the last audit=, which is in force; empty if there is none."""
    given = [word for word in cmdline if word.startswith("audit=")]
    return given[-1].removeprefix("audit=") if given else ""


def switched_off(cmdline: Sequence[str]) -> bool:
    """Whether any audit= says off, which a later one can't undo (kernel/audit.c, audit_enable)."""
    return any(given.lower() in ("audit=0", "audit=off") for given in cmdline)


def enabled_by(cmdline: Sequence[str]) -> int | None:
    """Whether it switches auditing on (1) or off (0); None: systemd-journald or the distribution decides."""
    if switched_off(cmdline):
        return 0
    return 1 if any(given.startswith("audit=") for given in cmdline) else None
