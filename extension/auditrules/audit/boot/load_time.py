"""Estimates when the kernel's rules were loaded last, from the starts of units and auditd and the date of audit.rules.

Rules follow the files that existed when they were loaded, so a file or mount that is newer may not be covered.
"""

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

UNKNOWN_TIME = RulesLoad()

# The settings that a load changes beside the rules: the flag, and the field of the kernel's status.
_SETS = {
    "-f": "failure",
    "-r": "rate_limit",
    "-b": "backlog_limit",
    "--backlog_wait_time": "backlog_wait_time",
}


def load_time(
    reading: KernelAnswer, files: RulesFiles, booted: Boot, written: float | None, *, persistent: bool
) -> RulesLoad:
    """When the kernel's rules were loaded: at the last start of a unit that loads rules, or of auditd.

    If audit.rules was `written` after that, and the kernel has the rules (`persistent`) and settings that boot loads,
    they were loaded when it was written, as `augenrules --load` does; without --load it only writes the file. While
    rules are locked a start loads none, so all that is known is that they were loaded after the boot. If the clock was
    set back, only the start counts, corrected to the present clock.
    """
    facts = files.collected.facts
    started = dict(facts.started)
    names = loading_units(files.collected.units)
    starts = [at for name, at in started.items() if name in names or name == DAEMON]
    if not starts:
        return UNKNOWN_TIME
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
    """Whether the kernel has all settings of a rules file, as it has after a load."""
    values = loaded.values if loaded else {}
    return all(
        getattr(status, name) == word(strtol(values[flag], signed=False))
        for flag, name in _SETS.items()
        if flag in values
    )


def _begins_empty(loaded: LoadedFile | None) -> bool:
    """Whether the file deletes all rules before it adds the first: then each rule follows the files of this load."""
    for line in loaded.lines if loaded else ():
        if line.parsed is None:
            continue
        if any(control.flag == "-D" for control in line.parsed.controls):
            return True
        if line.parsed.rule is not None and line.parsed.verb is not Verb.DELETE:
            return False
    return False
