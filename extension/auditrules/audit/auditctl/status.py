"""The status of auditing, as `auditctl -s` prints it."""

from __future__ import annotations

import re

from auditrules.values import dataclass

LOCKED = 2  # `enabled` once -e 2 locked the rules until the next boot


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """The numbers of `auditctl -s`; None: not known."""

    enabled: int | None = None  # 0 off, 1 on, 2 on and locked until the next boot
    failure: int | None = None
    pid: int | None = None
    rate_limit: int | None = None
    backlog_limit: int | None = None
    lost: int | None = None
    backlog: int | None = None
    backlog_wait_time: int | None = None
    loginuid_immutable: int | None = None


UNKNOWN_STATUS = AuditStatus()


class NotAStatusError(ValueError):
    """A text that is not the status of auditctl; the message says what was expected."""


# The words of `auditctl -s -i`.
_WORDS = {
    "enabled": {"disable": 0, "enabled": 1, "enabled+immutable": 2},
    "failure": {"silent": 0, "printk": 1, "panic": 2},
}
_NAMES = frozenset(AuditStatus.__match_args__)
_OLD_NAMES = {"flag": "failure"}  # the one-line form, up to audit 2.3
OLD_FORM = "AUDIT_STATUS: "
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)


def parse_status(text: str) -> AuditStatus:
    """The status of `auditctl -s`, of `-s -i`, or of the one-line form before audit 2.4.

    Raises:
        NotAStatusError: a line is not a name and a number, or `enabled` is missing.
    """
    found: dict[str, int] = {}
    if text.startswith(OLD_FORM):
        pairs = [word.partition("=")[::2] for word in text.removeprefix(OLD_FORM).split()]
    else:
        pairs = [line.partition(" ")[::2] for line in text.splitlines()]
    for name, value in pairs:
        first = value.split(" ")[0]
        number = _WORDS.get(name, {}).get(first, int(first) if _NUMBER.fullmatch(first) else None)
        if number is None:
            message = f"a name and a number as auditctl -s prints them, found {name!r} {value!r}"
            raise NotAStatusError(message)
        if _OLD_NAMES.get(name, name) in found:
            message = f"each name once, found {name!r} again"
            raise NotAStatusError(message)
        found[_OLD_NAMES.get(name, name)] = number
    if "enabled" not in found:
        message = "a line with enabled, as auditctl -s prints it"
        raise NotAStatusError(message)
    return AuditStatus(**{name: value for name, value in found.items() if name in _NAMES})
