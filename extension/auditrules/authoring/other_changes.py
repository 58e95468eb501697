"""Differences between two sets of rules beside their records: settings, and the keys of otherwise equal rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType

from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.boot.load import VALUES, LoadedFile, LoadResult
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.model.rule import Action, ControlFlag, Field, FilterList, Rule
from auditrules.values import dataclass

Settings = Mapping[str, str]
"""The value of each flag that sets something; empty: nothing sets it. A flag whose value is not known is missing."""

ENABLED, RATE, SUBTREES = "-e", "-r", "-q"
_SET = "set"  # the value of a flag without an operand
_PLAIN = ("--loginuid-immutable", "-c", "-i")
# The kernel's values without a control line (kernel/audit.c), if auditing starts with the rules.
_DEFAULTS: Settings = MappingProxyType({ENABLED: "1", "-f": "1", "-b": "64", RATE: "0"})
_WAITS = frozenset({6000, 15000, 18000, 60000})  # AUDIT_BACKLOG_WAIT_TIME: a minute in jiffies, by CONFIG_HZ


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A flag, and its value on each side; empty: nothing sets it there."""

    setting: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A change of keys in otherwise equal rules: the keys of each side, and the number of such rules."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    rules: int


def controls_of(loaded: LoadedFile) -> Iterator[tuple[int, ControlFlag]]:
    """The control flags that a load carries out, in order, each with the number of its line."""
    for line in loaded.lines:
        if line.parsed is not None and line.result not in (LoadResult.UNREACHED, LoadResult.REJECTED):
            yield from ((line.number, control) for control in line.parsed.controls)


def settings_of_load(loaded: LoadedFile) -> Settings:
    """The settings after a load of rules files."""
    values = {flag: str(word(strtol(text, signed=False))) for flag, text in loaded.values.items()}
    done = [control for _, control in controls_of(loaded)]
    plain = {flag: _SET for flag in _PLAIN if ControlFlag(flag) in done}
    subtrees = " ".join(dict.fromkeys(each.value for each in done if each.flag == SUBTREES))
    return {**dict.fromkeys((*sorted(VALUES), *_PLAIN), ""), **values, **plain, SUBTREES: subtrees}


def settings_of_kernel(status: AuditStatus) -> Settings:
    """The settings of a kernel, as far as its status reports them."""
    wait = "" if status.backlog_wait_time in _WAITS else status.backlog_wait_time
    immutable = status.loginuid_immutable
    reported = {
        ENABLED: status.enabled,
        "-f": status.failure,
        "-b": status.backlog_limit,
        RATE: status.rate_limit,
        "--backlog_wait_time": wait,
        "--loginuid-immutable": None if immutable is None else _SET if immutable else "",
    }
    return {flag: str(value) for flag, value in reported.items() if value is not None}


def setting_changes(old: Settings, new: Settings) -> tuple[SettingChange, ...]:
    """The settings that are known on both sides and differ."""
    return tuple(
        SettingChange(flag, value, new[flag])
        for flag, value in old.items()
        if flag in new and (value or _DEFAULTS.get(flag, "")) != (new[flag] or _DEFAULTS.get(flag, ""))
    )


def uncertain_by_settings(old: Settings, new: Settings) -> Iterator[str]:
    """Say which settings may change what is recorded in a way that is not compared."""
    was, is_ = (int(side.get(RATE) or 0) for side in (old, new))
    if is_ and (not was or is_ < was):
        yield f"which records the limit of {is_} a second (-r) drops"
    if SUBTREES in old and SUBTREES in new and old[SUBTREES] != new[SUBTREES]:
        yield "what -q adds to rules on directories, which is not compared"


def key_changes(old: Iterable[Rule], new: Iterable[Rule]) -> tuple[KeyChange, ...]:
    """The changes of keys in rules that record and are otherwise equal."""
    before, after = _keys(old), _keys(new)
    pairs = Counter((keys, after[rule]) for rule, keys in before.items() if rule in after and after[rule] != keys)
    return tuple(KeyChange(*pair, number) for pair, number in pairs.items())


def _keys(rules: Iterable[Rule]) -> Mapping[Hashable, tuple[str, ...]]:
    """The keys of each rule that records. Of equal rules the first one counts."""
    found: dict[Hashable, tuple[str, ...]] = {}
    for rule in rules:
        if rule.list is FilterList.EXIT and rule.action is Action.ALWAYS:
            fields = frozenset(each for each in rule.fields if not isinstance(each, Field) or each.name != "key")
            found.setdefault((rule.syscalls, fields), rule.keys())
    return found
