"""When the kernel's rules were last loaded: by the starts of units and the daemon, and the date of audit.rules."""

from __future__ import annotations

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.auditctl.status import LOCKED, AuditStatus
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.load import LoadedFile
from auditrules.audit.boot.rules_files import RulesFiles
from auditrules.audit.boot.unit_commands import DAEMON, loading_units
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.model.host_facts import BOOT_TAKES, LOAD_TAKES, RulesLoad
from auditrules.audit.model.rule import Verb

UNTOLD = RulesLoad()

# What a load sets beside the rules, by the flag of its line.
_SETS = {
    "-f": "failure",
    "-r": "rate_limit",
    "-b": "backlog_limit",
    "--backlog_wait_time": "backlog_wait_time",
}


def load_time(
    reading: KernelAnswer, files: RulesFiles, booted: Boot, written: float | None, *, persistent: bool
) -> RulesLoad:
    """When the kernel's rules were loaded: at the last start of a unit that loads rules, or of the daemon.

    If they and the settings are those that boot loads (`persistent`), and audit.rules was `written` later, they were
    loaded then: that is what augenrules --load does. Without --load it only writes. Where rules are locked a later
    start loads none, and only that the boot came first is known. Where the clock was set back no two times compare but
    with the start, taken by the clock as it is now.
    """
    facts = files.collected.facts
    started = dict(facts.started)
    names = loading_units(files.collected.units)
    starts = [at for name, at in started.items() if name in names or name == DAEMON]
    if not starts:
        return UNTOLD
    at = max(starts) - facts.set_back
    unlocked = reading.status.enabled not in (None, LOCKED)  # else a later load may have been refused
    if not unlocked and facts.booted is not None and at > facts.booted + BOOT_TAKES:
        return RulesLoad(facts.booted, or_later=True)
    if persistent and unlocked and not facts.set_back and written is not None and written > at:
        return RulesLoad(written if _are_set(booted.loaded, reading.status) else at)
    same_file = written is not None and written <= at + LOAD_TAKES
    by_unit = DAEMON not in started
    return RulesLoad(at, by_unit and same_file and unlocked and _begins_empty(booted.loaded))


def _are_set(loaded: LoadedFile | None, status: AuditStatus) -> bool:
    """Whether the kernel has the settings of a file, as it does after a load."""
    values = loaded.values if loaded else {}
    return all(
        getattr(status, name) == word(strtol(values[flag], signed=False))
        for flag, name in _SETS.items()
        if flag in values
    )


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
