"""The filters of the command line, --benchmark, --control and --host: each has to select something.

A mistyped control or host must not read as a fleet without a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from fnmatch import translate

from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.control import Benchmark
from auditrules.benchmarks.selection import SelectionError, benchmark_called
from auditrules.report.errors import ReportError
from auditrules.report.evaluate.natural_order import natural
from auditrules.text import visible

Matches = Callable[[str], bool]

_MOST_LISTED = 50  # alternatives that a message names
_LONGEST = 2000  # characters of a message with names out of logs


class FilterError(ReportError):
    """A filter that selects nothing; says what there is."""


def glob(pattern: str) -> Matches:
    """Return the question whether a text matches a glob, in whatever case."""
    compiled = re.compile(translate(pattern), re.IGNORECASE)
    return lambda text: compiled.match(text) is not None


def selected_benchmarks(texts: Iterable[str], logged: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return name and version of each benchmark that `NAME[:VERSION]` means, of those known and those in the logs.

    Without VERSION it is the newest known; the newest in the logs, where they alone know the benchmark. Raises
    `FilterError`.
    """
    known = {(each.name, each.version) for each in BENCHMARKS}
    others = sorted(set(logged) - known, key=lambda key: (key[0], natural(key[1]), key))
    every = [*(Benchmark(name, version, (), "") for name, version in others), *BENCHMARKS]
    try:
        found = [benchmark_called(text, every) for text in texts]
    except SelectionError as error:
        message = visible(str(error))
        raise FilterError(message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…") from error
    return tuple(dict.fromkeys((each.name, each.version) for each in found))


def check_controls(
    benchmarks: Collection[tuple[str, str]], controls: Iterable[str], known: Iterable[tuple[str, str, str]]
) -> None:
    """Raise `FilterError` where no benchmark, of all or of some, has a control; `known` is in order."""
    ids = dict.fromkeys(control for *benchmark, control in known if not benchmarks or tuple(benchmark) in benchmarks)
    of = f" of {_some(' '.join(each) for each in benchmarks)}" if benchmarks else ""
    for control in controls:
        if control not in ids:
            raise FilterError(
                f"expected a control{of} for --control, of those known or in the logs ({_some(ids)}), "
                f"found {visible(control)}"
            )


def check_hosts(globs: Iterable[str], hosts: Collection[tuple[str, str]]) -> None:
    """Raise `FilterError` where a glob matches no key or name of `hosts`; without hosts there is nothing to select."""
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
