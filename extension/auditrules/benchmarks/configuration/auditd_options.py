"""Reads auditd.conf as auditd does: the options that it knows, their values, and the lines that it refuses.

From src/auditd-config.c of audit 2.8.5 to 4.2.1 and auditd.conf(5). Names and words may be in any case. The last line
of an option counts. If auditd refuses one line, it refuses the whole file: it does not start, and on a reload it keeps
its old configuration. There are no units: `50M` is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from auditrules.audit.boot.auditd_conf import AuditdConf, Setting
from auditrules.audit.model.host_facts import Version, dotted
from auditrules.benchmarks.configuration.auditd_option_table import HALTS, LOG_GROUP, OPTIONS, Option
from auditrules.text import visible
from auditrules.values import dataclass, field

PATH = "/etc/audit/auditd.conf"

_SHOWN = 80  # characters of a value that a message shows

NO_EARLY_HALT: Version = (4, 0, 4)
"""From this version on auditd refuses `halt` as the action of HALTS, as there is space left."""
# From this version on the default is to write records with the names of users and the like.
_ENRICHES: Version = (3, 0, 0)
# The longest line in characters; auditd skips longer ones.
_LONGEST: tuple[tuple[Version, int], ...] = (((4, 1, 3), 510), ((0, 0, 0), 158))

_ACCOUNT = re.compile(r"[A-Za-z0-9@._+-]{2,}")
_PORTS = re.compile(r"[0-9]+(?:-[0-9]+)?")


@dataclass(frozen=True, slots=True)
class OptionValue:
    """The value of an option, with words in lower case, and its line; 0: no line sets it, so it is the default."""

    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class LooksInto:
    """A line that auditd accepts only if what it names exists on the host: a group, or the program of an `exec`."""

    option: str
    named: str
    line: int

    @property
    def group(self) -> bool:
        """Whether the line names a group, and not a program."""
        return self.option == LOG_GROUP


@dataclass(frozen=True, slots=True)
class AuditdOptions:
    """The configuration of auditd. `looks_into` are the lines that also depend on the host, in order.

    `refused` says why auditd refuses the file, `refused_line` at which line (0: none).

    `error` says why the file could not be read; then nothing is known. `there` says that there is a file.
    """

    values: Mapping[str, OptionValue] = field(default_factory=lambda: MappingProxyType({}))
    there: bool = False
    error: str = ""
    refused: str = ""
    refused_line: int = 0
    looks_into: tuple[LooksInto, ...] = ()


def auditd_options(conf: AuditdConf, version: Version | None) -> AuditdOptions:
    """Read the file as this version of auditd does; None: the version is not known. Raises nothing.

    An unknown version is assumed to know every option, and to accept whatever some version accepts.
    """
    if conf.error:
        return AuditdOptions(there=True, error=conf.error)
    defaults = {name: OptionValue(option.default) for name, option in OPTIONS.items()}
    if version is not None and version < _ENRICHES:
        defaults["log_format"] = OptionValue("raw")
    values = dict(defaults)
    looks_into: list[LooksInto] = []
    longest = next(most for since, most in _LONGEST if version is None or version >= since)
    for setting in conf.settings:
        words = setting.value.split(" ")
        if len(setting.name) + len(setting.value) + 3 > longest:
            continue  # auditd skips the line
        refused = next(_refusals(setting, words, values, version), "")
        if refused:
            return AuditdOptions(
                values, there=True, refused=refused, refused_line=setting.line, looks_into=tuple(looks_into)
            )
        name = setting.name.lower()
        values[name] = OptionValue(words[0] if OPTIONS[name].text else words[0].lower(), setting.line)
        if name == LOG_GROUP and not words[0][:1].isdigit():
            looks_into.append(LooksInto(name, words[0], setting.line))
        if OPTIONS[name].argument and words[0].lower() == "exec":
            looks_into.append(LooksInto(name, words[1], setting.line))
        if name == "log_format" and words[0].lower() == "nolog":
            values["write_logs"] = OptionValue("no", setting.line)
    refused = _refused_combination(values) if conf.settings else ""
    return AuditdOptions(values, there=bool(conf.path), refused=refused, looks_into=tuple(looks_into))


def _refusals(
    setting: Setting, words: list[str], values: Mapping[str, OptionValue], version: Version | None
) -> Iterator[str]:
    """Yield the reasons why auditd refuses a line. The first one is the reason that auditd gives."""
    name = setting.name.lower()
    shown = visible(setting.value[:_SHOWN])
    option = OPTIONS.get(name)
    if not name:
        yield f"expected NAME = VALUE with a space on either side of the sign, found '{shown}'"
    elif option is None:
        yield f"no version of auditd knows the option '{visible(setting.name[:_SHOWN])}'"
    elif version is not None and version < option.since:
        yield f"auditd {dotted(version)} does not know {name}, which is there from {dotted(option.since)} on"
    elif not words[0]:
        yield f"expected a value of {name}"
    else:
        yield from _refused_values(name, option, words, shown)
        if name == HALTS and words[0].lower() == "halt" and version is not None and version >= NO_EARLY_HALT:
            yield f"auditd {dotted(version)} does not take halt as {name}"
        if name == "action_mail_acct" and values["verify_email"].text == "yes" and not _is_account(words[0]):
            yield f"expected an account or address as {name}, found '{shown}'"


def _refused_values(name: str, option: Option, words: list[str], shown: str) -> Iterator[str]:
    """Yield the reasons why no auditd accepts these words as the value of an option."""
    if len(words) > 1 and not option.argument:
        yield f"expected one word as {name}, found '{shown}'"
    if expected := _expected(option, words[0]):
        yield f"expected {expected} as {name}, found '{shown}'"
    if words[0].lower() == "exec" and option.words and not "".join(words[1:2]).startswith("/"):
        yield f"expected an absolute path after exec as {name}, found '{shown}'"
    if name == "tcp_client_ports" and not _PORTS.fullmatch(words[0]):
        yield f"expected one number, or two with a dash between, as {name}, found '{shown}'"


def _is_account(text: str) -> bool:
    """Whether auditd accepts an account or address for mail. The host of an address is not looked up here."""
    return bool(_ACCOUNT.fullmatch(text)) and ("@" not in text or "." in text.partition("@")[2])


def _expected(option: Option, word: str) -> str:
    """Say what auditd expects in place of a word; empty if it accepts the word."""
    if option.words:
        return "" if word.lower() in option.words else f"one of {', '.join(option.words)}"
    if option.most is None:
        return ""
    digits = word[:-1] if option.percent and word.endswith("%") else word
    most = 99 if digits != word else option.most
    if not (digits.isascii() and digits.isdigit() and option.least <= int(digits[:_SHOWN]) <= most):
        return f"a number from {option.least} to {most}" + (" or a percentage" if option.percent else "")
    return ""


def _refused_combination(values: Mapping[str, OptionValue]) -> str:
    """Say why auditd refuses a combination of values; empty if it accepts it."""
    space, admin = values["space_left"].text, values["admin_space_left"].text
    if not _percent(space) and not _percent(admin) and _megabytes(space) <= _megabytes(admin):
        return f"expected space_left to be larger than admin_space_left, found {space} and {admin}"
    if values["flush"].text.startswith("incremental") and int(values["freq"].text) == 0:
        return f"expected freq to be more than 0 with flush = {values['flush'].text}"
    return ""


def _percent(text: str) -> int:
    return int(text[:-1]) if text.endswith("%") else 0


def _megabytes(text: str) -> int:
    return 0 if text.endswith("%") else int(text)
