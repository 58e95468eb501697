"""The kernel's command line, and what it says of auditing: audit=0, audit=1, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from auditrules.audit.boot.grub_menu import Words
from auditrules.audit.model.collected import Sources
from auditrules.audit.model.text import decode
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class KernelCommandLine:
    """The command lines that the kernel may be given, as words. `source` names the files that say so, if any does.

    `remark` says, for evidence, which was taken where none says so or where they differ. `known` is false where the
    line may be any, of which only two are among the possible ones: one with audit=0, and one that says nothing.
    """

    possible: tuple[Words, ...]
    source: str = ""
    remark: str = ""
    known: bool = True


UNSAID = KernelCommandLine(((),))


def cmdline_of(sources: Sources) -> tuple[str, ...]:
    """The words of the command line that the kernel was given at this boot."""
    content = sources.cmdline.content if sources.cmdline else None
    return tuple(decode(content or b"").split())


def audit_option(cmdline: Sequence[str]) -> str:
    """The value of the last audit=, which is the one that counts."""
    given = [word for word in cmdline if word.startswith("audit=")]
    return given[-1].removeprefix("audit=") if given else ""


def switched_off(cmdline: Sequence[str]) -> bool:
    """Whether one audit= says off: that can't be taken back (kernel/audit.c, audit_enable)."""
    return any(given.lower() in ("audit=0", "audit=off") for given in cmdline)


def enabled_by(cmdline: Sequence[str]) -> int | None:
    """Whether the kernel's command line switches auditing on; None: systemd-journald or the distribution decides."""
    if switched_off(cmdline):
        return 0
    return 1 if any(given.startswith("audit=") for given in cmdline) else None
