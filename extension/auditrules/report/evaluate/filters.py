"""The filters --benchmark, --control, --family, --level and --host. Each must select something.

Otherwise a mistyped control or host would look like a fleet without failures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from fnmatch import translate

from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.control import Benchmark
from auditrules.benchmarks.selection import SelectionError, benchmark_called
from auditrules.report.errors import ReportError
from auditrules.report.evaluate.natural_order import natural
from auditrules.text import shortened, visible

Matches = Callable[[str], bool]

_MOST_LISTED = 50  # alternatives that a message names
_LONGEST = 2000  # characters of a message with names out of logs


class FilterError(ReportError):
    """A filter selects nothing. The message says what there is."""


def glob(pattern: str) -> Matches:
    """Make a test whether a text matches a glob, in any case."""
    compiled = re.compile(translate(pattern), re.IGNORECASE)
    return lambda text: compiled.match(text) is not None


def selected_benchmarks(texts: Iterable[str], logged: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return name and version of each benchmark that `NAME[:VERSION]` names, in the catalogue or in the logs.

    Without VERSION it is the newest in the catalogue, or, if only the logs have the benchmark, the newest there. Raises
    `FilterError`.
    """
    known = {(each.name, each.version) for each in BENCHMARKS}
    others = sorted(set(logged) - known, key=lambda key: (key[0], natural(key[1]), key))
    short = {each.name: each.short_name for each in BENCHMARKS}
    every = [*(Benchmark(name, version, short.get(name, name)) for name, version in others), *BENCHMARKS]
    try:
        found = [benchmark_called(text, every) for text in texts]
    except SelectionError as error:
        raise FilterError(shortened(visible(str(error)), _LONGEST)) from error
    return tuple(dict.fromkeys((each.name, each.version) for each in found))


@dataclass(frozen=True, slots=True)
class ControlFilters:
    """The filters of controls. An empty one selects every control."""

    controls: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether one of them is not empty."""
        return bool(self.controls or self.families or self.levels)

    def let_pass(self, control: KnownControl) -> bool:
        """Whether they select a control."""
        return (
            (not self.controls or control.control in self.controls)
            and (not self.families or control.family in self.families)
            and (not self.levels or any(map(control.is_at, self.levels)))
        )


@dataclass(frozen=True, slots=True)
class KnownControl:
    """The values of a control for the filters: from the catalogue, or from the logs if only they have the control."""

    benchmark: str
    version: str
    control: str
    title: str
    level: str
    family: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The benchmark, its version and the control's number."""
        return self.benchmark, self.version, self.control

    def is_at(self, level: str) -> bool:
        """Whether the control has this level, or one that begins with these words: `L1` selects every `L1 server`."""
        wanted = level.lower().split()
        return any(each.split()[: len(wanted)] == wanted for each in self.level.lower().split(", "))


def selected_controls(
    benchmarks: Collection[tuple[str, str]], filters: ControlFilters, known: Collection[KnownControl]
) -> list[tuple[str, str, str]]:
    """Return the keys of the controls that the filters select, of these benchmarks (none: of all). `known` is sorted.

    Raises `FilterError` if one of --control, --family and --level selects none, or all of them together.
    """
    found = [each for each in known if not benchmarks or each.key[:2] in benchmarks]
    of = f" of {_some(' '.join(each) for each in benchmarks)}" if benchmarks else ""
    ids = dict.fromkeys(each.control for each in found)
    families = sorted({each.family for each in found} - {""})
    levels = sorted({level for each in found for level in each.level.split(", ")} - {""})
    for control in filters.controls:
        if control not in ids:
            elsewhere = [" ".join(each.key[:2]) for each in known if each.control == control]
            has_it = f", which is of {_some(dict.fromkeys(elsewhere))}" if elsewhere else ""
            raise _nothing(f"control{of} for --control, of those known or in the logs", ids, control, has_it)
    for family in filters.families:
        if family not in families:
            raise _nothing(f"family{of} for --family", families, family)
    for level in filters.levels:
        if not any(each.is_at(level) for each in found):
            raise _nothing(f"level{of} for --level", levels, level)
    chosen = [each.key for each in found if filters.let_pass(each)]
    if not chosen:
        raise FilterError(f"expected a control{of} that --control, --family and --level all select, found none")
    return chosen


def _nothing(what: str, there: Iterable[str], found: str, more: str = "") -> FilterError:
    return FilterError(f"expected a {what} ({_some(there)}), found {visible(found)}{more}")


def check_column(column: str, columns: Collection[str]) -> None:
    """Raise `FilterError` if no host has this column. Without any columns there is no error."""
    if columns and column not in columns:
        raise FilterError(
            "expected a decoration of the logs or a column of the inventory for --group-by "
            f"({_some(sorted(columns))}), found {visible(column)}"
        )


def check_hosts(globs: Iterable[str], hosts: Collection[tuple[str, str]]) -> None:
    """Raise `FilterError` if a glob matches no key or name of `hosts`. Without any hosts there is no error."""
    names: dict[str, str] = {}
    for key, name in hosts:
        names[key] = name or names.get(key, key)
    for pattern in globs:
        matches = glob(pattern)
        if hosts and not any(matches(text) for pair in hosts for text in pair):
            raise FilterError(
                "expected a host's name or key, or a glob of them, for --host, of those in the logs or the inventory "
                f"({_some(sorted(set(names.values())))}), found {visible(pattern)}"
            )


def _some(texts: Iterable[str]) -> str:
    every = list(texts)
    rest = len(every) - _MOST_LISTED
    return ", ".join(map(visible, every[:_MOST_LISTED])) + (f" and {rest} more" if rest > 0 else "")
