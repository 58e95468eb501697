"""The filters of the command line, --benchmark, --control and --host: each has to select something.

A mistyped control or host must not read as a fleet without a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from fnmatch import translate

from auditrules.present import visible
from auditrules.report.errors import ReportError

Matches = Callable[[str], bool]

_MOST_LISTED = 50  # alternatives that a message names


class FilterError(ReportError):
    """A filter that selects nothing; says what there is."""


def glob(pattern: str) -> Matches:
    """Return the question whether a text matches a glob, in whatever case."""
    compiled = re.compile(translate(pattern), re.IGNORECASE)
    return lambda text: compiled.match(text) is not None


def check_controls(version: str, controls: Iterable[str], known: Sequence[tuple[str, str]]) -> None:
    """Raise `FilterError` where a version, empty for any, or a control is not among `known`, which is in order."""
    versions = sorted({each for each, _ in known})
    if version and version not in versions:
        raise FilterError(
            f"expected a version of a benchmark for --benchmark, of those known or in the logs ({_some(versions)}), "
            f"found {visible(version)}"
        )
    ids = dict.fromkeys(control for each, control in known if version in ("", each))
    of = f" of version {visible(version)}" if version else ""
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
