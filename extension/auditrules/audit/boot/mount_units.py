"""Which of systemd's mount units are mounted before auditd starts, so that rules reach into them."""

from __future__ import annotations

from functools import lru_cache

from auditrules.audit.boot.systemd import UndeterminedError, reached, unit, wanted_by
from auditrules.audit.filesystem.mounts import is_early
from auditrules.audit.model.collected import File, Units

# Units after which nothing comes that auditd waits for.
_LATE = frozenset(
    {
        *("network-pre.target", "network.target", "network-online.target", "nss-lookup.target"),
        *("remote-fs-pre.target", "remote-fs.target", "auditd.service", "audit-rules.service", "sysinit.target"),
        *("basic.target", "multi-user.target"),
    }
)
_FALSE = frozenset({"no", "false", "0", "off", "n", "f"})  # of a setting that is yes or no (systemd.syntax(7))


def early_mounts(units: Units) -> tuple[str, ...]:
    """The mount units that boot wants, and that systemd mounts before local-fs.target and so before auditd."""
    return _early_mounts(units.files, tuple(units.links.items()), units.mounts)


@lru_cache(2)  # units stay as they are from one snapshot to the next
def _early_mounts(
    files: tuple[File, ...], links: tuple[tuple[str, str], ...], mounts: tuple[str, ...]
) -> tuple[str, ...]:
    units = Units(files, dict(links), mounts=mounts)
    targets = reached(units)
    return tuple(name for name in units.mounts if targets.intersection(wanted_by(name, units)) and _early(name, units))


def _early(name: str, units: Units) -> bool:
    """Whether local-fs.target waits for a mount unit (systemd.mount(5), "Default Dependencies")."""
    try:
        own = unit(name, units)
    except UndeterminedError:
        return False
    if own is None or own.masked or any(key.startswith(("Condition", "Assert")) for key, _ in own.settings):
        return False
    waited_for = own.last("DefaultDependencies").lower() not in _FALSE or "local-fs.target" in own.names("Before")
    return waited_for and not _LATE & own.names("After") and is_early(own.last("Type"), own.last("Options"))
