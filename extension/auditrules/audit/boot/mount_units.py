"""Finds systemd's mount units that are mounted before auditd starts, so that rules loaded at boot cover them."""

from __future__ import annotations

from functools import lru_cache

from auditrules.audit.boot.boot_targets import reached_targets, wanted_by
from auditrules.audit.boot.systemd import FALSE, UndeterminedError, find_unit
from auditrules.audit.filesystem.mounts import is_early
from auditrules.audit.model.collected import File, Units

# A mount unit that comes after one of these may be mounted after auditd starts.
_LATE = frozenset(
    {
        *("network-pre.target", "network.target", "network-online.target", "nss-lookup.target"),
        *("remote-fs-pre.target", "remote-fs.target", "auditd.service", "audit-rules.service", "sysinit.target"),
        *("basic.target", "multi-user.target"),
    }
)


def early_mounts(units: Units) -> tuple[str, ...]:
    """The mount units that boot starts before local-fs.target, and so before auditd."""
    return _early_mounts(units.files, tuple(units.links.items()), units.mounts)


@lru_cache(2)  # units rarely change from one snapshot to the next
def _early_mounts(
    files: tuple[File, ...], links: tuple[tuple[str, str], ...], mounts: tuple[str, ...]
) -> tuple[str, ...]:
    units = Units(files, dict(links), mounts=mounts)
    targets = reached_targets(units)
    return tuple(name for name in units.mounts if targets.intersection(wanted_by(name, units)) and _early(name, units))


def _early(name: str, units: Units) -> bool:
    """Whether local-fs.target waits for a mount unit (systemd.mount(5), "Default Dependencies")."""
    try:
        unit = find_unit(name, units)
    except UndeterminedError:
        return False
    if unit is None or unit.masked or any(key.startswith(("Condition", "Assert")) for key, _ in unit.settings):
        return False
    waited_for = unit.last("DefaultDependencies").lower() not in FALSE or "local-fs.target" in unit.names("Before")
    return waited_for and not _LATE & unit.names("After") and is_early(unit.last("Type"), unit.last("Options"))
