"""Finds the targets that boot reaches, the units that want another one, and conditions that keep a unit from starting.

As systemd.unit(5) and systemd(1) of systemd 252 say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from auditrules.audit.boot.systemd import BOOT_FOLDERS, DEFAULT_TARGET, UndeterminedError, Unit, is_mask
from auditrules.audit.model.collected import Units

# The targets that boot reaches, if its default target is one of the usual ones.
REACHED = ("local-fs.target", "sysinit.target", "basic.target", "multi-user.target")
USUAL_DEFAULTS = ("multi-user.target", "graphical.target")


def default_target(units: Units) -> str:
    """The target that default.target links to; empty if no file says."""
    paths = (f"{folder}/{DEFAULT_TARGET}" for folder in BOOT_FOLDERS)
    return next((units.links[path].rpartition("/")[2] for path in paths if path in units.links), "")


def wanted_by(name: str, units: Units) -> tuple[str, ...]:
    """The units whose .wants or .requires folders have a link to this unit, as `systemctl enable` makes them."""
    links = {path.rpartition("/")[0]: target for path, target in units.links.items() if path.endswith(f"/{name}")}
    found: dict[str, str] = {}
    for folder in BOOT_FOLDERS:
        for above, target in links.items():
            place, _, puller = above.rpartition("/")
            if place == folder and puller.endswith((".wants", ".requires")):
                found.setdefault(puller, target)
    return tuple(puller.rpartition(".")[0] for puller, target in found.items() if not is_mask(target))


# The boot target by a word of the kernel's command line (systemd(1), "Kernel Command Line").
_TARGET_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("emergency", "-b"), "emergency.target"),
        **dict.fromkeys(("rescue", "single", "-s", "s", "S", "1"), "rescue.target"),
        **dict.fromkeys(("2", "3", "4"), "multi-user.target"),
        "5": "graphical.target",
    }
)


def reached_targets(units: Units, cmdline: Sequence[str] = ()) -> frozenset[str]:
    """The targets that boot certainly reaches, with an empty name if the default target is not known."""
    named = [_TARGET_WORDS.get(word, word.removeprefix("systemd.unit=")) for word in cmdline if _names_target(word)]
    target = named[-1] if named else default_target(units)
    if target == "emergency.target":
        return frozenset({target})
    found = {*REACHED, "default.target", target}
    return frozenset(found if not target or target in USUAL_DEFAULTS else found - {"multi-user.target"})


def _names_target(word: str) -> bool:
    return word in _TARGET_WORDS or word.startswith("systemd.unit=")


# Conditions that are assumed to hold: the host is no container, and its kernel has audit.
_GIVEN = frozenset({("Virtualization", "!container"), ("Security", "audit")})


def unmet_condition(unit: Unit, cmdline: Sequence[str]) -> str:
    """The first condition that keeps a unit from starting; empty if all hold.

    Raises:
        UndeterminedError: a condition depends on more than the kernel's command line.
    """
    for kind in ("Condition", "Assert"):
        keys = tuple({key for key, _ in unit.settings if key.startswith(kind)})
        triggers = []
        for key, value in unit.values(*keys):
            holds = _holds(unit, key.removeprefix(kind), value.lstrip("|").strip(), cmdline)
            if value.startswith("|"):
                triggers.append((holds, f"{key}={value}"))
            elif not holds:
                return f"{key}={value}"
        if triggers and not any(holds for holds, _ in triggers):
            return triggers[0][1]
    return ""


def _holds(unit: Unit, what: str, text: str, cmdline: Sequence[str]) -> bool:
    if (what, text) in _GIVEN:
        return True
    wanted = text.removeprefix("!").strip()
    if what != "KernelCommandLine" or not wanted:
        raise UndeterminedError(f"{unit.name}: whether Condition{what}={text} holds is not known")
    given = any(word == wanted or ("=" not in wanted and word.startswith(f"{wanted}=")) for word in cmdline)
    return given is not text.startswith("!")
