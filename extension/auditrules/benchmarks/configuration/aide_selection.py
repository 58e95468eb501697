"""Finds the rule by which AIDE checks a file, as its src/seltree.c does. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from auditrules.benchmarks.configuration.aide_rules import EQUALS, LEAVES_OUT, SELECTS, STOPS, UNKNOWN, AideRule
from auditrules.benchmarks.configuration.plain_regex import is_found
from auditrules.text import visible
from auditrules.values import dataclass

_SHOWN = 80  # characters of an expression that a message shows


@dataclass(frozen=True, slots=True)
class Selected:
    """The rule by which AIDE checks a file; None: by none. `left_out`: a rule excludes the file.

    `unclear` says why this is not known.
    """

    rule: AideRule | None = None
    left_out: bool = False
    unclear: str = ""


def rule_for(rules: Sequence[AideRule], path: str) -> Selected:
    """Find the rule by which AIDE checks a regular file (its src/seltree.c).

    AIDE keeps rules by the folder that their expressions begin with. The first rule that matches in the deepest folder
    selects the file. Then any rule that excludes it decides, in whatever folder.
    """
    folders = _folders(path)
    chosen: AideRule | None = None
    for folder in folders:
        own = [each for each in rules if each.folder == folder]
        positive = [each for each in own if each.sign == EQUALS and folder == folders[0]]
        for rule in (*positive, *(each for each in own if each.sign == SELECTS)):
            matched = _matches(rule, path)
            if matched is None:
                return Selected(unclear=_unclear(rule))
            if matched:
                chosen = rule
                break
        if chosen is not None:
            break
    for rule in (each for each in rules if each.sign in (LEAVES_OUT, STOPS) and each.folder in folders):
        matched = _matches(rule, path)
        above = any(_matches(rule, folder, "d") is not False for folder in folders[:-1])
        if matched is None or (not matched and above):
            return Selected(unclear=_unclear(rule))
        if matched:
            return Selected(rule, left_out=True)
    return Selected(chosen)


def _folders(path: str) -> list[str]:
    """The parents of a path, the deepest first."""
    folders = []
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        folders.append(path)
    return folders


def _matches(rule: AideRule, path: str, kind: str = "f") -> bool | None:
    """Whether a rule matches a path of a type; None if that is not known."""
    if rule.types and kind not in rule.types:
        return False
    # An unknown variable may have any value; the text around it is known.
    matched = is_found(rule.expression.replace(UNKNOWN, ".*"), path, anchored=True)
    certain = rule.certain and UNKNOWN not in rule.expression
    return None if matched and not certain else matched


def _unclear(rule: AideRule) -> str:
    shown = visible(f"{rule.sign if rule.sign != SELECTS else ''}{rule.expression}"[:_SHOWN])
    return f"{rule.file}, line {rule.line}: whether '{shown}' is for it is not known"
