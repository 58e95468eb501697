"""A line of a rules file into what auditctl would do with it.

The order of everything is auditctl's own (src/auditctl.c, setopt): options are taken one by one, each may end the
reading, and what a rule lacks is decided after the last one.
"""

from __future__ import annotations

from collections.abc import Callable

from auditrules.audit.auditctl import control_flags, field_flags, rule_flags
from auditrules.audit.auditctl.draft import Draft, Outcome
from auditrules.audit.auditctl.getopt import Option, Options
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Line
from auditrules.audit.model.tokens import split

FLAGS: dict[str, Callable[[Draft, Option], None]] = {
    "-w": rule_flags.watch,
    "-W": rule_flags.unwatch,
    "-p": rule_flags.permissions,
    "-k": rule_flags.key,
    "-a": rule_flags.append,
    "-A": rule_flags.prepend,
    "-d": rule_flags.delete,
    "-S": rule_flags.syscalls,
    "-F": field_flags.field,
    "-C": field_flags.comparison,
    "-D": control_flags.delete_all,
    "-e": control_flags.one_of_three,
    "-f": control_flags.one_of_three,
    "-b": control_flags.number,
    "-r": control_flags.number,
    "-i": control_flags.ends,
    "-c": control_flags.ends,
    "-s": control_flags.status,
    "-l": control_flags.listing,
    "-v": control_flags.ends,
    "-h": control_flags.usage,
    "-m": control_flags.message,
    "-q": control_flags.equivalent,
    "-t": control_flags.alone,
    "-R": control_flags.nested,
    "--backlog_wait_time": control_flags.number,
    "--loginuid-immutable": control_flags.alone,
    "--reset-lost": control_flags.alone,
    "--reset_backlog_wait_time_actual": control_flags.alone,
    "--signal": control_flags.signal,
    "--help": control_flags.usage,
}


def parse_line(line: str, facts: Facts) -> Line | None:
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
