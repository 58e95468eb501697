"""Reads the value of a field, as auditctl sends it to the kernel (lib/libaudit.c, audit_rule_fieldpair_data)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from auditrules.audit.constants import arches, names
from auditrules.audit.constants.fields import FieldKind, FieldType
from auditrules.audit.model.c_integers import is_digit, is_negative, strtol, word
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import PERMISSION_LETTERS
from auditrules.audit.model.text import encode

UNSET = 0xFFFFFFFF
MOST_PATH_BYTES = 4096  # PATH_MAX
MOST_NAME_BYTES = 255  # NAME_MAX
MOST_KEY_BYTES = 256  # AUDIT_MAX_KEY_LEN
MOST_LETTERS = 4


class ValueExpectedError(ValueError):
    """A value that is not what its field takes; the message says what it takes."""


def read(field: FieldType, text: str, facts: Facts) -> int | str:
    """The value of a field, as the kernel would store it.

    Raises:
        ValueExpectedError: the text is no such value, or names a user or group that does not exist.
    """
    return READERS[field.kind](field, text, facts)


@lru_cache(64)  # of hundreds of rules most have one of few
def permissions(text: str) -> int:
    """The bits of a text of letters, any order and case.

    Raises:
        ValueExpectedError: another letter, or more than four.
    """
    if len(encode(text)) > MOST_LETTERS:
        raise ValueExpectedError(FieldKind.PERMISSIONS.value)
    bits = 0
    for char in text:
        found = dict(PERMISSION_LETTERS).get(char.lower() if char.isascii() else char)
        if found is None:
            raise ValueExpectedError("letters of rwxa")
        bits |= int(found)
    return bits


def _number(field: FieldType, text: str, _facts: Facts) -> int:
    if not is_digit(text):
        raise ValueExpectedError(field.kind.value)
    return word(strtol(text))


def _unsigned(field: FieldType, text: str, _facts: Facts) -> int:
    if not is_digit(text):
        raise ValueExpectedError(field.kind.value)
    return word(strtol(text, signed=False))


def _either(text: str) -> int | None:
    if is_digit(text):
        return word(strtol(text, signed=False))
    if is_negative(text):
        return word(strtol(text))
    return None


def _argument(field: FieldType, text: str, _facts: Facts) -> int:
    value = _either(text)
    if value is None:
        raise ValueExpectedError(field.kind.value)
    return value


def _user(_field: FieldType, text: str, facts: Facts) -> int:
    value = _either(text)
    if value is not None:
        return value
    if text == "unset":
        return UNSET
    if facts.users is None or text not in facts.users:
        raise ValueExpectedError("a user's number, unset, or the name of a user of this host")
    return word(facts.users[text])


def _group(_field: FieldType, text: str, facts: Facts) -> int:
    if is_digit(text):
        return word(strtol(text))
    if facts.groups is None or text not in facts.groups:
        raise ValueExpectedError("a group's number, or the name of a group of this host")
    return word(facts.groups[text])


def _session(_field: FieldType, text: str, _facts: Facts) -> int:
    value = _either(text)
    if value is not None:
        return value
    # auditctl ignores any other word, and leaves 0: `sessionid=foo` is session 0.
    return UNSET if text == "unset" else 0


def _exit(field: FieldType, text: str, _facts: Facts) -> int:
    value = _either(text)
    if value is not None:
        return value
    number = names.errno_number(text.removeprefix("-"))
    if number is None:
        raise ValueExpectedError(field.kind.value)
    return word(-number if text.startswith("-") else number)


def _arch(_field: FieldType, text: str, facts: Facts) -> int:
    number = arches.number(text, facts.machine, facts.version)
    if number is None:
        raise ValueExpectedError(FieldKind.ARCH.value)
    return number


def _message(field: FieldType, text: str, facts: Facts) -> int:
    if is_digit(text):
        return word(strtol(text))
    number = names.message_type(text, facts.version)
    if number is None:
        raise ValueExpectedError(field.kind.value)
    return number


def _permissions(_field: FieldType, text: str, _facts: Facts) -> int:
    return permissions(text)


def _file_type(field: FieldType, text: str, _facts: Facts) -> int:
    number = names.file_type(text)
    if number is None:
        raise ValueExpectedError(field.kind.value)
    return number


def _file_system(field: FieldType, text: str, facts: Facts) -> int:
    number = word(strtol(text, signed=False)) if is_digit(text) else names.fstype_number(text, facts.version)
    if number is None or number == UNSET:  # auditctl takes -1 for an unknown name
        raise ValueExpectedError(field.kind.value)
    return number


def _family(_field: FieldType, text: str, _facts: Facts) -> int:
    # strtoul without a check: `saddr_fam=inet` is family 0.
    return word(strtol(text, signed=False))


def _string(_field: FieldType, text: str, _facts: Facts) -> str:
    if len(encode(text)) > MOST_PATH_BYTES:
        raise ValueExpectedError(f"at most {MOST_PATH_BYTES} bytes")
    return text


def _key(_field: FieldType, text: str, _facts: Facts) -> str:
    if len(encode(text)) > MOST_KEY_BYTES:
        raise ValueExpectedError(f"keys of at most {MOST_KEY_BYTES} bytes together")
    return text


READERS: dict[FieldKind, Callable[[FieldType, str, Facts], int | str]] = {
    FieldKind.NUMBER: _number,
    FieldKind.UNSIGNED: _unsigned,
    FieldKind.ARGUMENT: _argument,
    FieldKind.USER: _user,
    FieldKind.GROUP: _group,
    FieldKind.SESSION: _session,
    FieldKind.EXIT: _exit,
    FieldKind.ARCH: _arch,
    FieldKind.MESSAGE: _message,
    FieldKind.PERMISSIONS: _permissions,
    FieldKind.FILE_TYPE: _file_type,
    FieldKind.FILE_SYSTEM: _file_system,
    FieldKind.FAMILY: _family,
    FieldKind.PATH: _string,
    FieldKind.LABEL: _string,
    FieldKind.KEY: _key,
}
