"""Finds the places of control lines when a set of rules is written anew, so that each keeps its meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from auditrules.audit.boot.load import VALUES, LoadedFile
from auditrules.audit.model.rule import ControlFlag
from auditrules.authoring.other_changes import ENABLED, SUBTREES, controls_of
from auditrules.values import dataclass, field

_PRINTING = frozenset({"-s", "-l", "-v", "-h"})  # they set nothing
# They may stand anywhere among the rules, as no rule depends on what they set.
_ANYWHERE = (VALUES - {ENABLED}) | {"--loginuid-immutable", "--reset-lost", "--reset_backlog_wait_time_actual"}
_ONCE = frozenset({*_ANYWHERE, "-c", "-i", "-D"})  # a second one adds nothing
_DELETE = "-D"


@dataclass(slots=True)
class KeptControls:
    """The control lines above all rules, those below them, and why others can't be kept."""

    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def kept_controls(loaded: LoadedFile, place: Callable[[int], str]) -> KeptControls:
    """Place the control lines of a load in which no line was refused. `place` gives `FILE:LINE` for a number of a line.

    What is above all rules or below them stays there, in its order. -e is the last line, as what comes behind -e 2 may
    be refused.
    """
    first, last = min(loaded.numbers, default=inf), max(loaded.numbers, default=inf)
    found = KeptControls()
    for number, control in _setting(loaded):
        line = f"{control.flag} {control.value}".strip()
        if control.flag == SUBTREES:
            found.lost.append(f"{place(number)}: {line}: what it adds to rules on directories is not compared")
        elif control.flag == _DELETE and (control.value or number > first):
            continue  # it deletes no rule of the set
        elif control.flag in _ONCE and line in (*found.above, *found.below):
            continue
        elif number <= first or (number < last and control.flag in _ANYWHERE):
            found.above.append(line)
        elif number > last:
            found.below.append(line)
        else:
            found.lost.append(f"{place(number)}: {line}: it stands between rules, whose order is another one then")
    if _DELETE not in found.above:
        found.above.insert(0, _DELETE)
    if ENABLED in loaded.values:
        found.below.append(f"{ENABLED} {loaded.values[ENABLED]}")
    return found


def _setting(loaded: LoadedFile) -> Iterator[tuple[int, ControlFlag]]:
    """The control flags that have an effect, with the numbers of their lines: the last of each value, without -e."""
    controls = [*controls_of(loaded)]
    holding = {control.flag: index for index, (_, control) in enumerate(controls)}
    for index, (number, control) in enumerate(controls):
        replaced = control.flag in VALUES and index != holding[control.flag]
        if not replaced and control.flag != ENABLED and control.flag not in _PRINTING:
            yield number, control
