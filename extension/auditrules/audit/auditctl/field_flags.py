"""Reads the flags that narrow a rule: -S, -F and -C: system calls, fields, comparisons (src/auditctl.c, libaudit.c)."""

from __future__ import annotations

from functools import lru_cache

from auditrules.audit.auditctl.draft import Draft
from auditrules.audit.auditctl.field_values import ValueExpectedError, read
from auditrules.audit.auditctl.getopt import Flag
from auditrules.audit.auditctl.rule_flags import LISTS, OPERATORS, add_key
from auditrules.audit.auditctl.rules_file import Word
from auditrules.audit.constants import arches, names, versions
from auditrules.audit.constants import syscalls as tables
from auditrules.audit.constants.fields import EXCLUDABLE, FIELDS, PAIRS, FieldKind, FieldType, compared, lookup
from auditrules.audit.constants.syscall_classes import perm_expansion, perm_unknown
from auditrules.audit.model.c_integers import is_digit, signed, strtol
from auditrules.audit.model.c_integers import word as to_word
from auditrules.audit.model.rule import SYSCALL_LISTS, Comparison, Field, FilterList, Operator, letters, shared_field
from auditrules.audit.model.syscall_mask import MASK_BITS

_OPERATORS = {operator.value: operator for operator in Operator}
_KEPT = 256  # texts that are remembered, as rules have many fields alike


def syscalls(draft: Draft, option: Flag) -> None:
    """-S NAME[,NAME…]: system calls by name or number, of the architecture named last."""
    word = option.value
    if draft.list is not None and draft.list not in SYSCALL_LISTS:
        draft.fail(f"no -S: rules of the {draft.list.value} list take no system calls", option.word)
    if draft.arch is None:
        draft.arch = arches.native(draft.facts.machine)
    for part in word.parts(","):
        if part.text == "all":
            draft.all_syscalls()
        elif part.text:
            draft.mask |= 1 << _syscall(draft, part)
    draft.has_syscalls = True


def _syscall(draft: Draft, word: Word) -> int:
    name = word.text
    if draft.list is FilterList.IO_URING:
        operation = names.uring_number(name, draft.facts.version)
        if operation is None or not 0 <= signed(to_word(operation)) < MASK_BITS:
            draft.fail(f"an io_uring operation that auditctl knows, a number below {MASK_BITS}, or all", word)
        return to_word(operation)
    number = tables.number(name, draft.machine, draft.facts.version)
    if number is None and is_digit(name):
        number = signed(to_word(strtol(name)))  # an int in C, so 4294967296 is 0
    if number is None or not 0 <= number < MASK_BITS:
        draft.fail(f"a system call of {draft.machine} that auditctl knows, a number below {MASK_BITS}, or all", word)
    return number


def field(draft: Draft, option: Flag) -> None:
    """-F NAME OPERATOR VALUE: a further field; key= is a key like that of -k."""
    word = option.value
    if draft.list is None:
        draft.fail("-a, -A, -d or -w before a field", option.word)
    if word.text.startswith("key="):
        add_key(draft, word.text[4:], word)
        return
    name, sign, value = _three(draft, word, OPERATORS)
    kind = lookup(name)
    if kind is None or kind.since > draft.facts.version:
        draft.fail("a field that auditctl knows", word.part(0, len(name)))
    operator = _OPERATORS[sign]
    _allowed(draft, kind, operator, word)
    try:
        read_value = read(kind, value, draft.facts)
    except ValueExpectedError as expected:
        draft.fail(str(expected), word.part(len(name) + len(sign), len(word.text)))
    pair = compared(read_value, operator) if kind.name == "field_compare" else None
    draft.condition(pair or _field(kind.name, operator, read_value), word)
    _note(draft, kind, read_value, word)


def _field(name: str, operator: Operator, value: int | str) -> Field:
    return Field(name, operator, value) if isinstance(value, str) else shared_field(name, operator, value)


def _three(draft: Draft, word: Word, operators: tuple[str, ...]) -> tuple[str, str, str]:
    name, sign, value = _parted(word.text, operators)
    if not sign:
        draft.fail("an operator: one of " + " ".join(operators), word)
    if not name:
        draft.fail("a field's name before the operator", word)
    if not value:
        draft.fail("a value after the operator", word)
    return name, sign, value


@lru_cache(_KEPT)
def _parted(text: str, operators: tuple[str, ...]) -> tuple[str, str, str]:
    """Split a text at the first of these operators in it: name, operator, value. Without one, all is name."""
    sign = next((sign for sign in operators if sign in text), "")
    name, _, value = text.partition(sign) if sign else (text, "", "")
    return name, sign, value


def _allowed(draft: Draft, kind: FieldType, operator: Operator, word: Word) -> None:
    version = draft.facts.version
    if kind.name == "arch" and draft.has_syscalls:
        draft.fail("arch before -S, and not after a watch", word)
    if draft.list is FilterList.EXCLUDE and version < versions.EXCLUDE_TAKES_ANY_FIELD:
        known = EXCLUDABLE if version >= versions.EXE_TAKES_NOT_EQUAL else EXCLUDABLE - {"exe"}
        if kind.name not in known:
            draft.fail("a field of the exclude list: " + ", ".join(sorted(known)), word)
    if kind.lists is not None and draft.list not in kind.lists:
        draft.fail(
            f"{kind.name} only on the list " + " or ".join(item for item in LISTS if LISTS[item] in kind.lists),
            word,
        )
    operators = kind.operators
    if kind.name == "exe" and version < versions.EXE_TAKES_NOT_EQUAL:
        operators = FIELDS["perm"].operators
    if kind.kind is FieldKind.KEY and not draft.may_take_key:
        draft.fail("a path, perm, exe or fstype field or a system call before the key", word)
    if operators is not None and operator not in operators:
        draft.fail(f"{kind.name} with " + " or ".join(sorted(operators, reverse=True)), word)


def _note(draft: Draft, kind: FieldType, value: int | str, word: Word) -> None:
    """Note what a field changes for the flags after it."""
    if kind.kind is FieldKind.ARCH and isinstance(value, int):
        draft.arch = value
    elif kind.kind is FieldKind.PERMISSIONS and isinstance(value, int):
        draft.has_permission = True
        _expand(draft, value, word)
    elif kind.name in ("path", "dir"):
        draft.has_permission = True
    elif kind.name == "exe":
        draft.has_exe = True
    elif kind.name == "fstype":
        draft.has_file_system = True


def _expand(draft: Draft, bits: int, word: Word) -> None:
    """Add the system calls of the permissions to the mask, if this auditctl does that after an arch."""
    if draft.arch is None:
        return
    unknown = perm_unknown(letters(bits), draft.machine, draft.facts.version)
    if unknown:
        draft.fail(f"no perm after this arch: auditctl adds {unknown[0]}, which {draft.machine} does not have", word)
    added = perm_expansion(letters(bits), draft.machine, draft.facts.version)
    for number in added:
        draft.mask |= 1 << number
    draft.has_syscalls = draft.has_syscalls or bool(added)


def comparison(draft: Draft, option: Flag) -> None:
    """-C FIELD=FIELD or FIELD!=FIELD: two fields of the event compared."""
    word = option.value
    left, sign, right = _three(draft, word, ("!=", "="))
    one, other = lookup(left), lookup(right)
    if one is None or other is None or not (one.interfield and other.interfield):
        draft.fail("two fields of users or two of groups", word)
    if draft.list not in SYSCALL_LISTS:
        draft.fail("-C only after -a with the exit list", option.word)
    pair = PAIRS.get(frozenset({one.name, other.name}))
    if pair is None:
        draft.fail("two different fields that the kernel compares", word)
    draft.condition(Comparison(pair[0], Operator(sign), pair[1]), word)
