"""Reads the flags that make a rule: -w, -W, -p, -k, -a, -A and -d, and builds it after the last flag (src/auditctl.c).

The flags that narrow a rule (-S, -F and -C) are in `field_flags`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from auditrules.audit.auditctl.draft import MOST_FIELDS, BuildState, Draft
from auditrules.audit.auditctl.field_values import MOST_KEY_BYTES, MOST_NAME_BYTES, MOST_PATH_BYTES, ValueExpectedError
from auditrules.audit.auditctl.field_values import permissions as read_permissions
from auditrules.audit.auditctl.getopt import Flag
from auditrules.audit.auditctl.rules_file import Word
from auditrules.audit.constants import versions
from auditrules.audit.constants.fields import FIELDS
from auditrules.audit.constants.names import syscall_mask
from auditrules.audit.constants.syscall_classes import without_classes
from auditrules.audit.model.rule import (
    KEY_SEPARATOR,
    PATH_OR_DIR,
    Action,
    Field,
    FilterList,
    Operator,
    ParsedLine,
    Permission,
    Rule,
    Verb,
    shared_field,
)
from auditrules.audit.model.text import encode

ALL_PERMISSIONS = int(Permission.READ | Permission.WRITE | Permission.EXECUTE | Permission.ATTRIBUTE)

# In the order in which auditctl searches them: a path that contains != or >= is cut there.
OPERATORS = ("!=", ">=", "<=", "&=", "=", ">", "<", "&")

_INTRUSION_KEY = re.compile(r"ids-(?:sys|file|exec|mkexe)-(?:inf|low|med|hi).*", re.DOTALL)  # check_ids_key

ALL_LISTS = {item.value: item for item in FilterList}
LISTS = {name: item for name, item in ALL_LISTS.items() if item is not FilterList.IO_URING}
ACTIONS = {item.value: item for item in Action}


def watch(draft: Draft, option: Flag) -> None:
    """-w PATH: a rule of the exit list for every access to a path."""
    if draft.list is not None:
        draft.fail("-w alone: a watch takes no -a, -A, -d or second -w before it", option.word)
    draft.add = FilterList.EXIT
    _watch(draft, option)


def unwatch(draft: Draft, option: Flag) -> None:
    """-W PATH: delete the watch with exactly these fields."""
    draft.remove = FilterList.EXIT
    _watch(draft, option)


def _watch(draft: Draft, option: Flag) -> None:
    word = option.value
    draft.action = Action.ALWAYS
    draft.has_syscalls = True
    path = word.text
    raw = encode(path)
    if len(raw) >= MOST_PATH_BYTES:
        draft.fail(f"a path of less than {MOST_PATH_BYTES} bytes", word)
    if not path.startswith("/"):
        draft.fail("an absolute path, without quotes or variables", word)
    if len(raw.rstrip(b"/").rpartition(b"/")[2]) > MOST_NAME_BYTES:
        draft.fail(f"a last name of at most {MOST_NAME_BYTES} bytes", word)
    if len(raw) > 2:  # noqa: PLR2004 - "//" keeps both its slashes (audit_setup_watch_name)
        path = path.rstrip("/") or "/"
    if draft.fields:
        draft.fail("a watch without fields before it", word)
    if draft.facts.version >= versions.WATCH_ALONE and draft.mask:
        draft.fail(f"{option.flag} before -S: a watch takes no system calls", option.word)
    kind = draft.type_at(path)
    name = PATH_OR_DIR if kind is None else "dir" if kind == "dir" else "path"
    draft.fields = [Field(name, Operator.EQUAL, path), shared_field("perm", Operator.EQUAL, ALL_PERMISSIONS)]
    draft.all_syscalls()
    draft.outcome = BuildState.RULE


def permissions(draft: Draft, option: Flag) -> None:
    """-p LETTERS: sets the value of the perm fields, or adds one."""
    word = option.value
    if draft.list is None:
        draft.fail("-w or -a before the permissions", option.word)
    try:
        bits = read_permissions(word.text)
    except ValueExpectedError as expected:
        draft.fail(str(expected), word)
    draft.set_permissions(bits, word)
    draft.has_permission = True
    draft.outcome = BuildState.RULE


def key(draft: Draft, option: Flag) -> None:
    """-k KEY: adds a key."""
    word = option.value
    if not draft.may_take_key or draft.list is None:
        draft.fail("a watch, a path, perm, exe or fstype field or a system call before the key", option.word)
    add_key(draft, word.text, word)


def add_key(draft: Draft, text: str, word: Word) -> None:
    """Add a key, of -k or of -F key=."""
    if len(encode(KEY_SEPARATOR.join([*draft.keys, text]))) > MOST_KEY_BYTES:
        draft.fail(f"keys of at most {MOST_KEY_BYTES} bytes together", word)
    intrusion = draft.facts.version < versions.INTRUSION_KEYS_UNTIL and text.startswith("ids-")
    if intrusion and _INTRUSION_KEY.fullmatch(text) is None:
        draft.fail("ids-TYPE-SEVERITY: sys, file, exec or mkexe, and inf, low, med or hi", word)
    if KEY_SEPARATOR in text and draft.facts.version >= versions.SEPARATOR_REFUSED:
        draft.fail("a key without the byte 0x01", word)
    if "=" in text and any(sign in text for sign in OPERATORS if sign != "=" and "=" in sign):
        draft.fail("a key without !=, >=, <= and &=, which auditctl takes for operators", word)
    if text or draft.keys:
        draft.keys.append(text)  # an empty key adds a separator


def append(draft: Draft, option: Flag) -> None:
    """-a LIST,ACTION: a rule at the end of its list."""
    word = option.value
    if "task" in word.text and draft.has_syscalls:
        draft.fail("no system calls before a rule of the task list", word)
    draft.add = _list_and_action(draft, word, draft.add)


def prepend(draft: Draft, option: Flag) -> None:
    """-A LIST,ACTION: a rule at the beginning of its list; in some versions it deletes instead."""
    if versions.within(draft.facts.version, versions.PREPEND_DELETES):
        draft.remove = _list_and_action(draft, option.value, draft.remove)
        return
    append(draft, option)
    draft.prepended = True
    if draft.outcome is BuildState.RETURNED and draft.facts.version >= versions.PREPEND_GOES_ON:
        draft.outcome = BuildState.DONE


def delete(draft: Draft, option: Flag) -> None:
    """-d LIST,ACTION: delete the rule with exactly these fields."""
    if versions.within(draft.facts.version, versions.NO_DELETE):
        draft.fail("a flag that auditctl has", option.word)
    draft.remove = _list_and_action(draft, option.value, draft.remove)
    if draft.outcome is BuildState.RETURNED and versions.within(draft.facts.version, versions.DELETE_GOES_ON):
        draft.outcome = BuildState.DONE


def _list_and_action(draft: Draft, word: Word, known: FilterList | None) -> FilterList | None:
    draft.operations += 1
    if draft.operations > 1:
        draft.fail("one of -a, -A and -d in a line", word)
    one, comma, other = word.text.partition(",")
    if not comma or "," in other:
        _bad_keyword(draft, word)
    # auditctl takes the first word as an action, else as a list, and the second as the other one.
    if one in ACTIONS:
        draft.action = ACTIONS[one]
    elif one != "possible":
        known = _filter_list(draft, one)
        if known is None:
            _bad_keyword(draft, word)
    if known is None:
        known = _filter_list(draft, other)
    elif other == "possible":
        draft.outcome = BuildState.RETURNED  # an action that is gone: auditctl ignores the line
        return known
    elif other in ACTIONS:
        draft.action = ACTIONS[other]
    else:
        _bad_keyword(draft, word)
    if known is None or draft.action is None:
        _bad_keyword(draft, word)
    draft.outcome = BuildState.RULE
    return known


def _filter_list(draft: Draft, name: str) -> FilterList | None:
    if draft.facts.version >= versions.LISTS_IN_ANY_CASE:
        name = name.lower()
    return _lists(draft).get(name)


def _lists(draft: Draft) -> Mapping[str, FilterList]:
    return LISTS if draft.facts.version < versions.IO_URING else ALL_LISTS


def _bad_keyword(draft: Draft, word: Word) -> NoReturn:
    if draft.list is not None:
        draft.fail("no list and action after a watch", word)
    wrong = [part for part in word.parts(",") if part.text not in ACTIONS and _filter_list(draft, part.text) is None]
    if len(wrong) == 1 and wrong[0].text and "," in word.text:
        (word,) = wrong
    draft.fail(
        f"a list and an action with a comma between: one of {', '.join(_lists(draft))}, and always or never", word
    )


def finish(draft: Draft) -> ParsedLine:
    """Build the rule after the last flag, if the flags make one."""
    _take_keys(draft)
    if draft.outcome is BuildState.DONE:
        return draft.line_so_far()
    if draft.outcome is BuildState.CONTROL:
        if draft.has_syscalls:
            draft.fail("a list and an action before the system calls: -a always,exit")
        return draft.line_so_far()
    return _with_rule(draft)


def _take_keys(draft: Draft) -> None:
    if not draft.keys or draft.listing_asked:
        return
    allowed = FIELDS["key"].lists
    if draft.list is FilterList.EXCLUDE and draft.facts.version < versions.EXCLUDE_TAKES_ANY_FIELD:
        draft.fail("no key: the exclude list takes msgtype, pid, uid, gid, auid, exe and subj_* only")
    if not draft.may_take_key or (allowed is not None and draft.list not in allowed):
        draft.fail("a path, perm, exe or fstype field or a system call before the key")
    if len(draft.fields) >= MOST_FIELDS:
        draft.fail(f"at most {MOST_FIELDS} fields, the key included")
    draft.fields.append(shared_field("key", Operator.EQUAL, KEY_SEPARATOR.join(draft.keys)))


def _with_rule(draft: Draft) -> ParsedLine:
    target = draft.list
    if target is None or draft.action is None:
        draft.fail("a list and an action: -a always,exit")
    if target is not FilterList.TASK and not draft.has_syscalls:
        draft.all_syscalls()
    verb = Verb.DELETE if draft.add is None else Verb.PREPEND if draft.prepended else Verb.APPEND
    calls = syscall_mask(without_classes(draft.mask, draft.facts.machine), target, draft.machine)
    return ParsedLine(tuple(draft.controls), Rule(target, draft.action, calls, tuple(draft.fields)), verb)
