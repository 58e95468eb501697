"""Writes the result of `auditrules diff` as text for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from auditrules.audit.coverage.access_difference import EXCEPT, ONLY
from auditrules.audit.model.rule import Rule
from auditrules.authoring.call_effects import Direction, EffectChange
from auditrules.authoring.other_changes import KeyChange, SettingChange
from auditrules.authoring.record_effects import RecordChange
from auditrules.cli.compared_rules import ComparedSide, RulesOperand
from auditrules.text import counted, visible
from auditrules.values import dataclass, replace

_USES = {"r": "reading", "w": "writing", "x": "execution", "a": "attribute changes"}
# The meanings of values that their numbers do not show.
_MEANING: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("-e", "0"): " (off)",
        ("-e", "2"): " (locked until the next boot)",
        ("-f", "0"): " (silent)",
        ("-f", "1"): " (printk)",
        ("-f", "2"): " (panic)",
    }
)
_ANY_FILE = "whatever the file"  # in place of the path, for rules on system calls; some calls use no file


@dataclass(frozen=True, slots=True)
class ChangedControl:
    """A control, and its status with the rules of each side."""

    benchmark: str
    version: str
    control: str
    title: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two sets of rules: recorded accesses, record types, settings and keys."""

    accesses: Sequence[EffectChange]
    records: Sequence[RecordChange]
    settings: Sequence[SettingChange] = ()
    keys: Sequence[KeyChange] = ()

    @property
    def directions(self) -> set[Direction]:
        """The directions of the changes in what is recorded; none if there are no changes."""
        return {each.direction for each in self.accesses} | {each.direction for each in self.records}


def text_of(
    operands: Sequence[RulesOperand],
    sides: Sequence[ComparedSide],
    found: Changes,
    controls: Sequence[ChangedControl],
    problems: Iterable[str],
) -> str:
    """Write problems, changes by direction, other differences, controls, and a summary in the last line."""
    return "".join(f"{each}\n" for each in _lines(operands, sides, found, controls, problems))


def _lines(
    operands: Sequence[RulesOperand],
    sides: Sequence[ComparedSide],
    found: Changes,
    controls: Sequence[ChangedControl],
    problems: Iterable[str],
) -> Iterator[str]:
    yield from (f"({visible(problem)})" for problem in problems)
    for direction in Direction:
        changes = _merged_letters(each for each in found.accesses if each.direction is direction)
        records = (each for each in found.records if each.direction is direction)
        yield from _section(direction.value, [*(_change(*each) for each in changes), *map(_record, records)])
    yield from _section("settings that differ", [*map(_setting, found.settings)])
    yield from _section("keys that differ", [*map(_key, found.keys)])
    if controls:
        yield "controls:"
    for control in controls:
        words = f"{control.benchmark} {control.version}  {control.control}  {control.title}"
        yield f"  {visible(words)}: {control.old} -> {control.new}"
    yield _summary(operands, sides, found)


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{title} ({len(lines)}):"
    yield from (f"  {each}" for each in lines)


def _summary(operands: Sequence[RulesOperand], sides: Sequence[ComparedSide], found: Changes) -> str:
    """The last line. It says that the same is recorded only if everything is known."""
    both = " and ".join(
        f"{visible(each.text)} ({_size(side.rules)})" for each, side in zip(operands, sides, strict=True)
    )
    unread = sum(side.unread for side in sides)
    if unread and not found.directions:
        return f"whether {both} record the same can't be told: {counted(unread, 'rule')} can't be read"
    if found.directions == {Direction.UNSURE}:
        return f"whether {both} record the same can't be told"
    if found.directions:
        return f"{both} record different things"
    others = [name for name, some in (("settings", found.settings), ("keys", found.keys)) if some]
    return f"{both} record the same{', but ' if others else ''}{' and '.join(others)}{' differ' if others else ''}"


def _setting(change: SettingChange) -> str:
    values = (f"{each}{_MEANING.get((change.setting, each), '')}" or "not set" for each in (change.old, change.new))
    return visible(f"{change.setting}: {' -> '.join(values)}")


def _key(change: KeyChange) -> str:
    keys = (", ".join(each) or "no key" for each in (change.old, change.new))
    return visible(f"{' -> '.join(keys)}: {counted(change.rules, 'rule')}")


def _size(rules: Collection[Rule]) -> str:
    """The number of rules, and of paths that they watch."""
    paths = {field.value for field in map(Rule.watched, rules) if field is not None}
    return f"{counted(len(rules), 'rule')}, {counted(len(paths), 'path')}"


def _merged_letters(changes: Iterable[EffectChange]) -> Iterator[tuple[EffectChange, str]]:
    """Merge equal changes of several permissions of a path. Yields each change with the letters of its permissions."""
    found: dict[EffectChange, str] = {}
    for each in changes:
        key = replace(each, letter="") if each.letter and not each.calls else each
        found[key] = found.get(key, "") + each.letter
    yield from found.items()


def _change(change: EffectChange, letters: str) -> str:
    """Write the line of a change: path, permissions, calls unless it is all, and conditions."""
    uses = ", ".join(f"{_USES[letter]} ({letter})" for letter in letters)
    calls = ", ".join(change.calls)
    what = f"{uses} by {calls}" if uses and calls else uses or calls
    return visible(f"{change.path or _ANY_FILE}: {what or 'any access'}{_cases(change.where)}")


def _record(change: RecordChange) -> str:
    """Write the line of a change of records: types and conditions, or only the reason why they were not compared."""
    if not change.types:
        return visible("; ".join(change.where))
    types = ", ".join(change.types)
    named = types if types.startswith("every ") else f"{'types' if _are_several(change.types) else 'type'} {types}"
    without = f" but {', '.join(change.without)}" if change.without else ""
    return visible(f"records of {named}{without}{_cases(change.where)}")


def _are_several(types: Sequence[str]) -> bool:
    return len(types) > 1 or " to " in types[0]


def _cases(where: Sequence[str]) -> str:
    """Write the conditions of a change; empty if it is always there."""
    holding = [each.removesuffix(ONLY) for each in where if each.endswith(ONLY)]
    excluded = [each.removeprefix(EXCEPT) for each in where if each.startswith(EXCEPT)]
    others = [each for each in where if not each.endswith(ONLY) and not each.startswith(EXCEPT)]
    words = [f"only where {' and '.join(holding)}"] if holding else []
    words += [f"not where {' or '.join(excluded)}"] if excluded else []
    return f"; {', but '.join((*others, *words))}" if where else ""
