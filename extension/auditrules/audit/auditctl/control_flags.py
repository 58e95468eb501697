"""Reads the control flags, which make no rule: -D, -e, -b, -f … (src/auditctl.c, setopt)."""

from __future__ import annotations

from auditrules.audit.auditctl.draft import BuildState, Draft
from auditrules.audit.auditctl.getopt import Flag
from auditrules.audit.constants import versions
from auditrules.audit.model.c_integers import is_digit, overflows
from auditrules.audit.model.text import encode

SIGNED_CHAR = frozenset({"x86_64", "i386", "i486", "i586", "i686"})
SIGNALS = frozenset({"term", "hup", "usr1", "usr2", "cont"})
SIGNAL_NAMES = SIGNALS | {"stop", "reload", "rotate", "resume", "state"}


def delete_all(draft: Draft, option: Flag) -> None:
    """-D [-k TEXT]: delete all rules, or those whose keys contain the text."""
    match _after(draft, option):
        case []:
            draft.control("-D")
        case ["-k", text]:
            draft.control("-D", text)
        case _:
            draft.fail("-D alone, or -D -k TEXT", option.word)
    _all_read(draft)


def listing(draft: Draft, option: Flag) -> None:
    """-l [-i | -k TEXT]: print the rules, and change nothing."""
    match _after(draft, option):
        case [] | ["-i"] | ["-k", _]:
            draft.control("-l")
        case _:
            draft.fail("-l alone, -l -i, or -l -k TEXT", option.word)
    draft.listing_asked = True
    _all_read(draft)


def status(draft: Draft, option: Flag) -> None:
    """-s [-i]: print the status, and change nothing."""
    match _after(draft, option):
        case [] | ["-i"]:
            draft.control("-s")
        case _:
            draft.fail("-s alone, or -s -i", option.word)
    _all_read(draft)


def _after(draft: Draft, option: Flag) -> list[str]:
    """The other words of the line."""
    return [word.text for word in draft.options.words if word.start != option.word.start]


def _all_read(draft: Draft) -> None:
    draft.options.index = len(draft.options.words)
    draft.outcome = BuildState.DONE


def one_of_three(draft: Draft, option: Flag) -> None:
    """-e 0|1|2 and -f 0|1|2."""
    word = option.value
    if word.text not in ("0", "1", "2"):
        draft.fail("0, 1 or 2", word)
    draft.control(option.flag, word.text)


def number(draft: Draft, option: Flag) -> None:
    """-b N, -r N, --backlog_wait_time N: a prefix of digits counts, 0x and 0 as in C."""
    word = option.value
    if not is_digit(word.text) or overflows(word.text):
        draft.fail("a number", word)
    draft.control(option.flag, word.text)


def ends_line(draft: Draft, option: Flag) -> None:
    """-i, -c and -v: the rest of the line is not read."""
    draft.control(option.flag)
    draft.outcome = BuildState.DONE


def done_at_once(draft: Draft, option: Flag) -> None:
    """-t and --reset_backlog_wait_time_actual: done at once; the rest of the line is ignored."""
    draft.control(option.flag)
    draft.outcome = BuildState.RETURNED


def done_at_once_or_last(draft: Draft, option: Flag) -> None:
    """--loginuid-immutable and --reset-lost: done at once; newer versions refuse words behind them."""
    draft.control(option.flag)
    goes_on = draft.facts.version >= versions.CONTROLS_GO_ON
    draft.outcome = BuildState.DONE if goes_on else BuildState.RETURNED


def usage(draft: Draft, option: Flag) -> None:
    """-h and --help: print the usage, which is an error in most versions."""
    if draft.facts.version < versions.HELP_SUCCEEDS:
        draft.fail(f"no {option.word.text} in a rules file", option.word)
    draft.control("-h")
    draft.outcome = BuildState.DONE


def message(draft: Draft, option: Flag) -> None:
    """-m TEXT: send a message to the audit stream."""
    word = option.value
    if len(draft.options.words) > 2:  # noqa: PLR2004 - the flag and its word
        draft.fail("-m alone with one word", option.word)
    # auditctl tests char < 32. If char is signed, every byte above 127 is below 32, too.
    least, most = 32, 127 if draft.facts.machine in SIGNED_CHAR else 255
    if any(not least <= byte <= most for byte in encode(word.text)):
        draft.fail("a text without control characters", word)
    draft.control("-m", word.text)
    draft.outcome = BuildState.RETURNED


def equivalent(draft: Draft, option: Flag) -> None:
    """-q MOUNT,SUBTREE: make a subtree part of the dir rules of a mount point."""
    word = option.value
    if draft.has_syscalls:
        draft.fail("-q without a rule before it", option.word)
    mount, comma, subtree = word.text.partition(",")
    if not comma or not subtree or "," in subtree:
        draft.fail(f"two paths with a comma between, not {mount!r} alone", word)
    draft.control("-q", word.text)
    draft.outcome = BuildState.RETURNED


def nested_file(draft: Draft, option: Flag) -> None:
    """-R FILE: a rules file must not include another."""
    draft.fail("no -R in a rules file", option.word)


def signal(draft: Draft, option: Flag) -> None:
    """--signal NAME: send a signal to the audit daemon."""
    word = option.value
    if draft.facts.daemon is False and draft.facts.version >= versions.DAEMON_NEEDED:
        draft.fail("a running audit daemon to signal", option.word)
    known = SIGNAL_NAMES if draft.facts.version >= versions.SIGNAL_NAMES else SIGNALS
    if word.text.lower() not in known:
        draft.fail("a signal: " + ", ".join(sorted(known)), word)
    draft.control(option.flag, word.text)
    draft.outcome = BuildState.DONE
