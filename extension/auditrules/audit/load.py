"""What a rules file ends up as: `auditctl -R`, line by line, into a kernel without rules.

The load stops at the first line that auditctl or the kernel refuses, unless -i or -c came before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from auditrules.audit.errors import RuleSyntaxError
from auditrules.audit.facts import Facts, Version
from auditrules.audit.integers import strtol, word
from auditrules.audit.kernel import refusal
from auditrules.audit.parse import parse
from auditrules.audit.rule import Control, FilterList, Line, Rule, Verb, same
from auditrules.audit.words import lines

IMMUTABLE = Control("-e", "2")
LONGEST_WAIT = 600_000  # ten minutes in jiffies of a kernel with 1000 a second; with fewer, it refuses less already


@dataclass(frozen=True, slots=True)
class Loaded:
    """The kernel after a load: its rules in the order of `auditctl -l`, and the lines that were refused, with why."""

    rules: tuple[Rule, ...]
    refused: tuple[tuple[int, str], ...]
    stopped_at: int | None


# auditctl -R looked at owner and mode until 3.1.1; later versions read any regular file.
CAREFUL_UNTIL: Version = (3, 1, 2)
WORLD_WRITABLE = 0o002


def file_refusal(mode: int, uid: int, version: Version) -> str | None:
    """Why auditctl -R does not read a rules file at all, or None."""
    if version >= CAREFUL_UNTIL:
        return None
    if uid != 0:
        return "a rules file that root owns"
    return "a rules file that not everybody can write to" if mode & WORLD_WRITABLE else None


def load(content: bytes, facts: Facts) -> Loaded:
    """Load a rules file into a kernel that has no rules."""
    kernel = _Kernel(facts)
    refused = []
    for number, text in lines(content):
        reason = kernel.line(text)
        if reason is None:
            continue
        refused.append((number, reason))
        if not kernel.ignoring:
            return Loaded(kernel.rules(), tuple(refused), number)
    return Loaded(kernel.rules(), tuple(refused), None)


@dataclass(slots=True)
class _Kernel:
    facts: Facts
    lists: dict[FilterList, list[Rule]] = field(default_factory=lambda: {item: [] for item in FilterList})
    ignoring: bool = False
    immutable: bool = False

    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rules in self.lists.values() for rule in rules)

    def line(self, text: str) -> str | None:
        try:
            said = parse(text, self.facts)
        except RuleSyntaxError as error:
            self._controls(error.done)
            return error.summary
        if said is None:
            return None
        return self._controls(said.controls) or self._rule(said)

    def _controls(self, controls: Iterable[Control]) -> str | None:
        for control in controls:
            if control.flag in ("-i", "-c"):
                self.ignoring = True
            elif self.immutable and control.flag in ("-D", "-b", "-e", "-f", "-r", "-t", "--backlog_wait_time"):
                return "the rules are locked (-e 2)"
            elif control.flag == "-D":
                self._delete_all(control.value)
            elif control == IMMUTABLE:
                self.immutable = True
            elif control.flag == "--backlog_wait_time" and word(strtol(control.value, signed=False)) > LONGEST_WAIT:
                return f"the kernel takes a backlog_wait_time of at most {LONGEST_WAIT}"
        return None

    def _delete_all(self, text: str) -> None:
        for name, rules in self.lists.items():
            self.lists[name] = [rule for rule in rules if text and text not in str(rule.value("key") or "")]

    def _rule(self, said: Line) -> str | None:
        rule = said.rule
        if rule is None:
            return None
        if self.immutable:
            return "the rules are locked (-e 2)"
        reason = refusal(rule, self.facts)
        if reason is not None:
            return f"the kernel takes {reason}"
        return self._change(rule, said.verb)

    def _change(self, rule: Rule, verb: Verb) -> str | None:
        rules = self.lists[rule.list]
        found = next((index for index, loaded in enumerate(rules) if same(loaded, rule)), None)
        if verb is Verb.DELETE:
            if found is None:
                return "no such rule to delete"
            del rules[found]
        elif found is not None:
            return "the rule is loaded already"
        else:
            rules.insert(0 if verb is Verb.PREPEND else len(rules), rule)
        return None
