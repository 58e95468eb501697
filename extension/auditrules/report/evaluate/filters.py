"""Whether what is asked for is there: a mistyped control or host must not read as a fleet that is well."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from auditrules.present import visible
from auditrules.report.errors import ReportError
from auditrules.report.evaluate.waivers import glob

_MOST = 50  # of what there is, that a message names


class AskedError(ReportError):
    """Something that is asked for is nowhere; says what there is."""


def control_is_known(version: str, controls: Iterable[str], known: Sequence[tuple[str, str]]) -> None:
    """Find a version, empty for any, and controls among those of the benchmarks and of the logs, which come in order.

    Raises `AskedError`.
    """
    versions = sorted({each for each, _ in known})
    if version and version not in versions:
        raise AskedError(
            f"expected a version of a benchmark for --benchmark, of those known or in the logs ({_some(versions)}), "
            f"found {visible(version)}"
        )
    ids = dict.fromkeys(control for each, control in known if version in ("", each))
    of = f" of version {visible(version)}" if version else ""
    for control in controls:
        if control not in ids:
            raise AskedError(
                f"expected a control{of} for --control, of those known or in the logs ({_some(ids)}), "
                f"found {visible(control)}"
            )


def host_is_known(globs: Iterable[str], hosts: Collection[tuple[str, str]]) -> None:
    """Find globs among the keys and names of the hosts of logs and inventory; of no hosts nobody asks.

    Raises `AskedError`.
    """
    names: dict[str, str] = {}
    for key, name in hosts:
        names[key] = name or names.get(key, key)
    for pattern in globs:
        matches = glob(pattern)
        if hosts and not any(matches(text) for pair in hosts for text in pair):
            raise AskedError(
                "expected a host's name or key, or a glob of them, for --host, of those in the logs or the inventory "
                f"({_some(sorted(set(names.values())))}), found {visible(pattern)}"
            )


def _some(texts: Iterable[str]) -> str:
    every = list(texts)
    rest = len(every) - _MOST
    return ", ".join(map(visible, every[:_MOST])) + (f" and {rest} more" if rest > 0 else "")
