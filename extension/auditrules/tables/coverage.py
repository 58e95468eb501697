"""The rows of `audit_coverage`: what of a path is recorded now, and what after the next boot."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from auditrules.audit.coverage.answer import Coverage, Reason, bad_path
from auditrules.audit.coverage.decision import Verdict
from auditrules.audit.coverage.telling import conditions, deciding, near_words
from auditrules.audit.filesystem.path_walk import Places
from auditrules.audit.model.host_facts import Entry
from auditrules.plugin.context import Context, Operator
from auditrules.plugin.row import Row
from auditrules.plugin.table import Question
from auditrules.tables.cells import Cells, comma_list, finished
from auditrules.tables.schemas import AUDIT_COVERAGE
from auditrules.tables.sides import Side, Sides

MOST_RULES = 10  # that evidence names
MOST_ANSWERS = 1024  # kept at a time: a join asks for one path after the other

_IDENTITY = ("path", "source")

# Equalities are answered; a LIMIT stands with the first column, of which it says nothing.
_ANSWERED = frozenset({Operator.EQUALS, Operator.LIMIT, Operator.OFFSET})

Look = Callable[[Iterable[str]], Mapping[str, Entry]]


def audit_coverage(context: Context, sides: Sides, look: Look) -> list[Row]:
    """The rows of the paths that a query asks for, two for each.

    Raises Question where the path is asked for by anything but `=` and `IN`.
    """
    paths = tuple(_paths(context))
    found = look([path for path in paths if not bad_path(path)])
    kept = sides.answers.get(paths)
    if kept is None or kept[0] != found:
        places = _seen(found, sides)
        rows = finished(AUDIT_COVERAGE.names, [row for path in paths for row in _rows(path, sides, places)], _IDENTITY)
        if len(sides.answers) >= MOST_ANSWERS:
            sides.answers.clear()
        sides.answers[paths] = kept = (found, rows)
    return kept[1]


def seen(paths: Iterable[str], sides: Sides, look: Look) -> Places:
    """The host's file system with paths that are looked at now."""
    return _seen(look([path for path in paths if not bad_path(path)]), sides)


def _seen(found: Mapping[str, Entry], sides: Sides) -> Places:
    facts = sides.sources.facts
    return Places(replace(facts, files=ChainMap(dict(found), dict(facts.files))))


def _paths(context: Context) -> Sequence[str]:
    """The paths of a query; osquery keeps an empty one to itself, which then asks for nothing."""
    paths = context.equals("path")
    if paths is not None:
        return tuple(dict.fromkeys(paths))
    asked = [each.op for each in context.constraints if each.column == "path"]
    if any(op not in _ANSWERED for op in asked):
        raise Question(
            "expected path = '/a/path' or path IN (…): coverage is worked out for one path, not for a pattern"
        )
    if asked:
        raise Question("expected a path: WHERE path = '/a/path', or path IN (…)")
    return ()


def _rows(path: str, sides: Sides, places: Places) -> Iterator[Cells]:
    now = sides.kernel.cover(path, places)
    yield _cells(path, sides.kernel, now)
    later = now if sides.same else sides.boot.cover(path, places)
    lost = later.reason is Reason.NO_RULE and (sides.boot.loads_nothing or now.of(Verdict.RECORDED))
    yield _cells(path, sides.boot, later, Reason.NOT_LOADED if lost else later.reason)


def _cells(path: str, side: Side, covered: Coverage, reason: Reason | None = None) -> Cells:
    recording = {each.placed.order: each.placed for each in covered.outcomes if each.recorded and each.placed}
    keys = chain.from_iterable(recording[order].rule.keys() for order in sorted(recording))
    return {
        "path": path,
        "source": side.source,
        **{each.value: covered.of(each) for each in Verdict},
        "rules": tuple(side.text(each.rule) for each in covered.deciding),
        "keys": comma_list(dict.fromkeys(keys)),
        "conditions": comma_list(conditions(covered, side.facts.machine, older=side.older)),
        "reason": (reason or covered.reason).value,
        "resolved_path": covered.resolved,
        "path_exists": None if covered.exists is None else int(covered.exists),
        "evidence": _evidence(covered, side, lines=False),
        "evidence_lines": _evidence(covered, side, lines=True),
    }


def _evidence(covered: Coverage, side: Side, *, lines: bool) -> str:
    """The rules that decide, or come closest, and where they stand."""
    if covered.error:
        return covered.error
    told = []
    rules = deciding(covered)
    for placed in rules[:MOST_RULES]:
        stands = ", ".join(side.places(placed.rule, lines=lines))
        near = near_words(covered, placed)
        told.append(f"{side.text(placed.rule)}{f' in {stands}' if stands else ''}{f' is {near}' if near else ''}")
    left = len(rules) - MOST_RULES
    if left > 0:
        told.append(f"and {left} more rules")
    if side.auditing.enabled == 0:
        told = ["auditing is off (enabled 0), so no rule counts"]
    if side.loads_nothing:
        told.append(f"boot loads no rules: {side.loads_nothing}")
    return "; ".join([*(told or ["no rule records it"]), *side.remarks])
