"""Says how complete and how old the inventory of privileged programs is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from types import MappingProxyType

from auditrules.benchmarks.privileged_programs import PrivilegedPrograms, SearchState
from auditrules.text import visible

SUBJECT = "setuid, setgid and capability programs"

INVENTORY_RUNNING = "inventory_running"
INVENTORY_LIMIT = "inventory_limit"
INVENTORY_UNREADABLE = "inventory_unreadable"

MOST_JUDGED = 500  # programs, the worst first
MOST_NAMED = 20  # programs that the evidence names

_REASONS: Mapping[SearchState, str] = MappingProxyType(
    {
        SearchState.RUNNING: INVENTORY_RUNNING,
        SearchState.LIMIT: INVENTORY_LIMIT,
        SearchState.UNREADABLE: INVENTORY_UNREADABLE,
        SearchState.FAILED: INVENTORY_UNREADABLE,
    }
)


def incomplete(found: PrivilegedPrograms, programs: int) -> tuple[str, str]:
    """The reason why not all programs were judged, and the same in words; both empty if all were."""
    if found.state in _REASONS:
        return _REASONS[found.state], search_progress_words(found)
    if programs > MOST_JUDGED:
        return INVENTORY_LIMIT, f"{programs} {SUBJECT} were found, of which {MOST_JUDGED} are judged"
    return "", ""


def search_progress_words(found: PrivilegedPrograms) -> str:
    """The progress of an incomplete search, in words."""
    came = f"{found.entries} names so far, now in {visible(found.place)}"
    if found.state is SearchState.RUNNING:
        return f"the search for privileged programs goes on: {came}"
    if found.state is SearchState.LIMIT:
        return f"the search for privileged programs ended in {visible(found.place)}: {found.problem}"
    if found.state is SearchState.FAILED:
        return f"privileged programs were not searched for: {found.problem}"
    more = found.unread_count - len(found.unread)
    return "the search for privileged programs could not look everywhere: " + ", ".join(
        [*map(visible, found.unread), *([f"and {more} more"] if more > 0 else [])]
    )


def inventory_age(found: PrivilegedPrograms) -> tuple[str, str]:
    """The age of the inventory: in words that stay the same, and exactly, with the places that were skipped."""
    if not found.began:
        return "", ""
    began = datetime.fromtimestamp(found.began, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    left_out = [f"{visible(path)} ({why})" for path, why in found.left_out]
    dated = f"searched from {began} UTC on, {found.entries} names"
    return "searched at most an hour ago", f"{dated}; left out: {listed(left_out)}" if left_out else dated


def listed(texts: Sequence[str], most: int = MOST_NAMED) -> str:
    """List texts, and the number of those beyond `most`."""
    more = len(texts) - most
    return ", ".join([*texts[:most], *([f"and {more} more"] if more > 0 else [])])
