"""What auditd makes of auditd.conf: the options that it knows, what it takes as their values, and what it refuses.

From src/auditd-config.c of audit 2.8.5 to 4.2.1 and auditd.conf(5). Names and words are taken in any case. The last of
several lines counts. One line that auditd refuses is enough that it refuses the file: at its start it ends then, and
when it is told to read the file again it keeps what it has. There are no units: `50M` is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from auditrules.audit.boot.auditd_conf import AuditdConf, Setting
from auditrules.audit.model.host_facts import Version, dotted
from auditrules.text import visible
from auditrules.values import dataclass, field

PATH = "/etc/audit/auditd.conf"

_MOST_NUMBER = 2**64 - 1  # an unsigned long's
_INT = 2**31 - 1
_SHOWN = 80  # characters of a value that a message shows

LOG_GROUP = "log_group"
HALTS = "space_left_action"
NO_EARLY_HALT: Version = (4, 0, 4)
"""From this version on auditd does not take `halt` as the action of HALTS: there is space left."""
# Until this version what says nothing of it writes records without names of users and the like.
_ENRICHES: Version = (3, 0, 0)
# Characters that a line may have; auditd skips a longer one.
_LONGEST: tuple[tuple[Version, int], ...] = (((4, 1, 3), 510), ((0, 0, 0), 158))

_ACCOUNT = re.compile(r"[A-Za-z0-9@._+-]{2,}")
_PORTS = re.compile(r"[0-9]+(?:-[0-9]+)?")
_YES_NO = ("yes", "no")
_FAILURES = ("ignore", "syslog", "rotate", "email", "exec", "suspend", "single", "halt")


@dataclass(frozen=True, slots=True)
class Option:
    """One option: what auditd takes as its value, and what it does where no line says.

    `words` are the values that it may have, `most` is the largest number; a text has neither. `percent` says that a
    number may end in a percent sign, `argument` that more words may follow. Versions from `since` on know it.
    """

    words: tuple[str, ...] = ()
    most: int | None = None
    least: int = 0
    percent: bool = False
    argument: bool = False
    default: str = ""
    since: Version = (2, 8, 0)

    @property
    def text(self) -> bool:
        """Whether any word is a value, and letters are what they are."""
        return not self.words and self.most is None


_OF_3: Version = (3, 0, 0)
_NUMBER = Option(most=_MOST_NUMBER, default="0")
_SPACE = Option(most=_MOST_NUMBER, percent=True, default="0")
_ACTION = Option(_FAILURES, argument=True, default="ignore")
_TEXT = Option()

OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "local_events": Option(_YES_NO, default="yes"),
        "write_logs": Option(_YES_NO, default="yes"),
        "log_file": Option(default="/var/log/audit/audit.log"),
        "log_format": Option(("raw", "nolog", "enriched"), default="enriched"),
        "log_group": Option(default="root"),
        "flush": Option(("none", "incremental", "incremental_async", "data", "sync"), default="none"),
        "freq": Option(most=_INT, default="0"),
        "num_logs": Option(most=999, default="0"),
        "dispatcher": _TEXT,
        "name_format": Option(("none", "hostname", "fqd", "numeric", "user"), default="none"),
        "name": _TEXT,
        "disp_qos": _TEXT,
        "max_log_file": _NUMBER,
        "max_log_file_action": Option(("ignore", "syslog", "suspend", "rotate", "keep_logs"), default="ignore"),
        "space_left": _SPACE,
        "space_left_action": _ACTION,
        "action_mail_acct": Option(default="root"),
        "verify_email": Option(_YES_NO, default="yes"),
        "admin_space_left": _SPACE,
        "admin_space_left_action": _ACTION,
        "disk_full_action": Option(
            tuple(word for word in _FAILURES if word != "email"), argument=True, default="ignore"
        ),
        "disk_error_action": Option(
            tuple(word for word in _FAILURES if word not in ("email", "rotate")), argument=True, default="syslog"
        ),
        "priority_boost": Option(most=_INT, default="4"),
        "tcp_listen_port": Option(most=65535, least=1),
        "tcp_listen_queue": Option(most=65535, least=1, default="5"),
        "tcp_max_per_addr": Option(most=1024, least=1, default="1"),
        "use_libwrap": Option(_YES_NO, default="yes"),
        "tcp_client_ports": _TEXT,
        "tcp_client_max_idle": Option(most=_INT, default="0"),
        "transport": Option(("tcp", "tls", "krb5"), default="tcp", since=_OF_3),
        "enable_krb5": Option(_YES_NO, default="no"),
        "krb5_principal": _TEXT,
        "krb5_key_file": _TEXT,
        **{
            f"tls_{name}": Option(since=(4, 2, 0))
            for name in (
                *("psk_file", "psk_identity", "cipher_suites", "key_exchange", "require_pqc", "auth"),
                *("crypto_profile", "allowed_clients"),
            )
        },
        "distribute_network": Option(_YES_NO, default="no"),
        "q_depth": Option(most=99999, default="2000", since=_OF_3),
        "overflow_action": Option(("ignore", "syslog", "suspend", "single", "halt"), default="syslog", since=_OF_3),
        "max_restarts": Option(most=_INT, default="10", since=_OF_3),
        "plugin_dir": Option(default="/etc/audit/plugins.d", since=_OF_3),
        "end_of_event_timeout": Option(most=_INT, default="2", since=(3, 0, 1)),
        "report_interval": Option(since=(4, 0, 5)),
    }
)
"""Every option that any of these versions knows."""


@dataclass(frozen=True, slots=True)
class OptionValue:
    """The value of an option, words in small letters, and its line; 0 where no line says, and the default counts."""

    text: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class LooksInto:
    """A line that auditd takes only if it finds what the line names: a group, or the program of an `exec`."""

    option: str
    named: str
    line: int

    @property
    def group(self) -> bool:
        """Whether it names a group, and no program."""
        return self.option == LOG_GROUP


@dataclass(frozen=True, slots=True)
class AuditdOptions:
    """What auditd has of its configuration. `looks_into` are the lines, in order, that depend on the host besides.

    `refused` says why it refuses the file, `refused_line` is where (0: none).

    `error` says why the file could not be read; then nothing is known. `there` says that there is a file.
    """

    values: Mapping[str, OptionValue] = field(default_factory=lambda: MappingProxyType({}))
    there: bool = False
    error: str = ""
    refused: str = ""
    refused_line: int = 0
    looks_into: tuple[LooksInto, ...] = ()


def auditd_options(conf: AuditdConf, version: Version | None) -> AuditdOptions:
    """What this version of auditd makes of the file; None: it is not known which it is. Raises nothing.

    A version that is not known is taken to know every option, and to be none that refuses what others take.
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
    refused = _together(values) if conf.settings else ""
    return AuditdOptions(values, there=bool(conf.path), refused=refused, looks_into=tuple(looks_into))


def _refusals(
    setting: Setting, words: list[str], values: Mapping[str, OptionValue], version: Version | None
) -> Iterator[str]:
    """Why auditd refuses a line, the first reason being its own; nothing if it takes it."""
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
    """Why no auditd takes these words as the value of an option."""
    if len(words) > 1 and not option.argument:
        yield f"expected one word as {name}, found '{shown}'"
    if problem := _no_value(option, words[0]):
        yield f"expected {problem} as {name}, found '{shown}'"
    if words[0].lower() == "exec" and option.words and not "".join(words[1:2]).startswith("/"):
        yield f"expected an absolute path after exec as {name}, found '{shown}'"
    if name == "tcp_client_ports" and not _PORTS.fullmatch(words[0]):
        yield f"expected one number, or two with a dash between, as {name}, found '{shown}'"


def _is_account(text: str) -> bool:
    """Whether auditd takes whom to mail to; the host of an address is not looked up here."""
    return bool(_ACCOUNT.fullmatch(text)) and ("@" not in text or "." in text.partition("@")[2])


def _no_value(option: Option, word: str) -> str:
    """What was expected in place of a word that auditd does not take; empty if it takes it."""
    if option.words:
        return "" if word.lower() in option.words else f"one of {', '.join(option.words)}"
    if option.most is None:
        return ""
    digits = word[:-1] if option.percent and word.endswith("%") else word
    most = 99 if digits != word else option.most
    if not (digits.isascii() and digits.isdigit() and option.least <= int(digits[:_SHOWN]) <= most):
        return f"a number from {option.least} to {most}" + (" or a percentage" if option.percent else "")
    return ""


def _together(values: Mapping[str, OptionValue]) -> str:
    """Why auditd refuses values that it takes one by one; empty if it does not."""
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
