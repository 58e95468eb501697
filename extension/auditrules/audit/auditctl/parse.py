"""Parses rules files line by line, as auditctl does (src/auditctl.c, setopt).

Flags are read one by one, and each may end the line. After the last flag the rule is checked for what it lacks.
"""

from __future__ import annotations

from collections.abc import Callable

from auditrules.audit.auditctl import control_flags, field_flags, rule_flags
from auditrules.audit.auditctl.draft import BuildState, Draft
from auditrules.audit.auditctl.getopt import Flag, Flags
from auditrules.audit.auditctl.rules_file import lines, split
from auditrules.audit.filesystem.path_types import PathTypes
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import DEFAULT_FACTS, Facts
from auditrules.audit.model.rule import ParsedLine, Rule, Verb
from auditrules.audit.model.text import encode
from auditrules.values import dataclass, replace

NO_WORD = "a flag before this word: a rules file has no quotes and no comments after a rule"

FLAGS: dict[str, Callable[[Draft, Flag], None]] = {
    "-w": rule_flags.watch,
    "-W": rule_flags.unwatch,
    "-p": rule_flags.permissions,
    "-k": rule_flags.key,
    "-a": rule_flags.append,
    "-A": rule_flags.prepend,
    "-d": rule_flags.delete,
    "-S": field_flags.syscalls,
    "-F": field_flags.field,
    "-C": field_flags.comparison,
    "-D": control_flags.delete_all,
    "-e": control_flags.one_of_three,
    "-f": control_flags.one_of_three,
    "-b": control_flags.number,
    "-r": control_flags.number,
    "-i": control_flags.ends_line,
    "-c": control_flags.ends_line,
    "-s": control_flags.status,
    "-l": control_flags.listing,
    "-v": control_flags.ends_line,
    "-h": control_flags.usage,
    "-m": control_flags.message,
    "-q": control_flags.equivalent,
    "-t": control_flags.done_at_once,
    "-R": control_flags.nested_file,
    "--backlog_wait_time": control_flags.number,
    "--loginuid-immutable": control_flags.done_at_once_or_last,
    "--reset-lost": control_flags.done_at_once_or_last,
    "--reset_backlog_wait_time_actual": control_flags.done_at_once,
    "--signal": control_flags.signal,
    "--help": control_flags.usage,
}


def parse_line(
    line: str, facts: Facts = DEFAULT_FACTS, type_at: Callable[[str], str | None] | None = None
) -> ParsedLine | None:
    """Parse a line of a rules file into its rule and controls; None for a blank line or a comment.

    `type_at` says what the facts have at a path, as `ResolvedPath.type` does.

    Raises:
        RuleSyntaxError: auditctl itself refuses the line, before it asks the kernel.
    """
    words = split(line, facts.version)
    if not words:
        return None
    options = Flags(words, facts.version)
    draft = Draft(line, facts, options, type_at or PathTypes(facts).at)
    for option in options:
        if not option.flag:
            draft.fail(option.problem, option.word)
        FLAGS[option.flag](draft, option)
        if draft.outcome is BuildState.RETURNED:
            return draft.line_so_far()
        if draft.outcome is BuildState.DONE:
            break
    _nothing_left(draft)
    return rule_flags.finish(draft)


def _nothing_left(draft: Draft) -> None:
    left = draft.options.left(early=draft.outcome is BuildState.DONE)
    if left and left[0] is draft.options.cluster:
        draft.fail("nothing behind the flag in this word", left[0])
    if left:
        draft.fail(NO_WORD, left[0])


_Parsed = ParsedLine | RuleSyntaxError | None
_Types = tuple[tuple[str, str | None], ...]  # of what is at paths


class LineParser:
    """Parses the lines of rules files on one host; equal lines are parsed once.

    Results of an `earlier` parser are reused if all that they depend on is the same: the facts but for the files, and
    the types at the paths that were asked for. Threads may share it: at worst two parse the same line.
    """

    def __init__(self, facts: Facts, earlier: LineParser | None = None, types: PathTypes | None = None) -> None:
        self._facts = facts
        self._types = types or PathTypes(facts)
        self._rest = replace(facts, files={})
        self.results: dict[str, tuple[_Parsed, _Types]] = {}
        self._before = earlier.results if earlier is not None and earlier._rest == self._rest else {}  # noqa: SLF001

    def __call__(self, line: str) -> ParsedLine | None:
        """As `parse_line`."""
        found = self.results.get(line)
        if found is None:
            found = self._before.get(line)
            if found is None or any(self._types.at(path) != kind for path, kind in found[1]):
                found = self._parsed(line)
            self.results[line] = found
        parsed, _ = found
        if isinstance(parsed, RuleSyntaxError):
            raise parsed.with_traceback(None)
        return parsed

    def _parsed(self, line: str) -> tuple[_Parsed, _Types]:
        asked: list[tuple[str, str | None]] = []

        def type_at(path: str) -> str | None:
            asked.append((path, self._types.at(path)))
            return asked[-1][1]

        try:
            parsed: _Parsed = parse_line(line, self._facts, type_at)
        except RuleSyntaxError as error:
            parsed = error
        return parsed, tuple(asked)


def parse_rule(line: str, facts: Facts = DEFAULT_FACTS) -> Rule:
    """Parse a line of a rules file that adds a rule, with -w, -a or -A, and does nothing else.

    Raises:
        RuleSyntaxError: auditctl refuses the line, or it adds no rule, or it does something else as well.
    """
    parsed = parse_line(line, facts)
    whole = (0, len(line))
    if parsed is None:
        raise RuleSyntaxError("a rule, not a comment or a blank line", line, whole)
    if parsed.controls:
        flags = ", ".join(dict.fromkeys(control.flag for control in parsed.controls))
        raise RuleSyntaxError(f"a rule and nothing else; this line has {flags}", line, whole, parsed.controls)
    if parsed.rule is None:
        raise RuleSyntaxError("a rule; auditctl accepts this line and adds none", line, whole)
    if parsed.verb is Verb.DELETE:
        raise RuleSyntaxError("a rule to add: -w PATH or -a LIST,ACTION; this line deletes one", line, whole)
    return parsed.rule


@dataclass(frozen=True, slots=True)
class RulesFileLine:
    """One line of a rules file: what auditctl does with it, or why it refuses it.

    `number` is as auditctl counts, from 1: a line longer than 6,143 bytes counts as several.
    """

    number: int
    text: str
    parsed: ParsedLine | None
    error: RuleSyntaxError | None = None

    @property
    def rule(self) -> Rule | None:
        """The rule that the line adds or deletes (`parsed.verb`)."""
        return self.parsed.rule if self.parsed else None


def parse_rules_file(content: bytes | str, facts: Facts = DEFAULT_FACTS) -> tuple[RulesFileLine, ...]:
    """Parse a rules file: all lines except blank ones and comments, each independently of the others."""
    read = encode(content) if isinstance(content, str) else content
    found = (_rules_file_line(number, text, facts) for number, text in lines(read))
    return tuple(line for line in found if line.parsed or line.error)


def _rules_file_line(number: int, text: str, facts: Facts) -> RulesFileLine:
    try:
        return RulesFileLine(number, text, parse_line(text, facts))
    except RuleSyntaxError as error:
        return RulesFileLine(number, text, None, error)
