"""When the kernel's rules were loaded last, by what a host shows of that."""

from __future__ import annotations

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.auditctl.status import LOCKED
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.load import LoadedFile
from auditrules.audit.boot.rules_files import RulesFiles
from auditrules.audit.boot.startup import DAEMON, loading_units
from auditrules.audit.model.host_facts import LOAD_TAKES, RulesLoad
from auditrules.audit.model.rule import Verb

UNTOLD = RulesLoad()


def rules_load(
    reading: KernelAnswer, files: RulesFiles, booted: Boot, written: float | None, *, persistent: bool
) -> RulesLoad:
    """When the kernel's rules were loaded: at the last start of a unit that loads rules, or of the daemon.

    If they are those that boot loads (`persistent`), and audit.rules was `written` later, they were loaded then: that
    is what augenrules --load does.
    """
    collected = files.collected
    started = dict(collected.facts.started)
    names = loading_units(collected.units)
    starts = [at for name, at in started.items() if name in names or name == DAEMON]
    if not starts:
        return UNTOLD
    at = max(starts)
    unlocked = reading.status.enabled not in (None, LOCKED)  # else a later load may have been refused
    if persistent and unlocked and written is not None and written > at:
        return RulesLoad(written)
    same_file = written is not None and written <= at + LOAD_TAKES
    by_unit = DAEMON not in started
    return RulesLoad(at, by_unit and same_file and unlocked and _begins_empty(booted.loaded))


def _begins_empty(loaded: LoadedFile | None) -> bool:
    """Whether a load takes all rules out before it adds the first, so that none of them keeps what it was on."""
    for line in loaded.lines if loaded else ():
        if line.parsed is None:
            continue
        if any(control.flag == "-D" for control in line.parsed.controls):
            return True
        if line.parsed.rule is not None and line.parsed.verb is not Verb.DELETE:
            return False
    return False
