"""A line of a rules file into what auditctl would do with it.

The order of everything is auditctl's own (src/auditctl.c, setopt): options are taken one by one, each may end the
reading, and what a rule lacks is decided after the last one.
"""

from __future__ import annotations

from collections.abc import Callable

from auditrules.audit import conditions, controls, flags
from auditrules.audit.draft import Draft, Outcome
from auditrules.audit.facts import Facts
from auditrules.audit.options import Option, Options
from auditrules.audit.rule import Line
from auditrules.audit.words import split

FLAGS: dict[str, Callable[[Draft, Option], None]] = {
    "-w": flags.watch,
    "-W": flags.unwatch,
    "-p": flags.permissions,
    "-k": flags.key,
    "-a": flags.append,
    "-A": flags.prepend,
    "-d": flags.delete,
    "-S": flags.syscalls,
    "-F": conditions.field,
    "-C": conditions.comparison,
    "-D": controls.delete_all,
    "-e": controls.one_of_three,
    "-f": controls.one_of_three,
    "-b": controls.number,
    "-r": controls.number,
    "-i": controls.ends,
    "-c": controls.ends,
    "-s": controls.status,
    "-l": controls.listing,
    "-v": controls.ends,
    "-h": controls.usage,
    "-m": controls.message,
    "-q": controls.equivalent,
    "-t": controls.alone,
    "-R": controls.nested,
    "--backlog_wait_time": controls.number,
    "--loginuid-immutable": controls.alone,
    "--reset-lost": controls.alone,
    "--reset_backlog_wait_time_actual": controls.alone,
    "--signal": controls.signal,
    "--help": controls.usage,
}


def parse(line: str, facts: Facts) -> Line | None:
    """What a line of a rules file says: rule and controls, or None for a blank line or a comment.

    Raises:
        RuleSyntaxError: auditctl would refuse the line before it asks the kernel.
    """
    words = split(line, facts.version)
    if not words:
        return None
    options = Options(words, facts.version)
    draft = Draft(line, facts, options)
    for option in options:
        if not option.flag:
            draft.fail(option.problem, option.word)
        FLAGS[option.flag](draft, option)
        if draft.outcome is Outcome.RETURNED:
            return draft.line_so_far()
        if draft.outcome is Outcome.DONE:
            break
    return draft.finish()
