"""Rules that auditctl can make, and texts of all kinds, for the laws; and the host that the tests here speak of."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from auditrules.audit.constants import names, syscalls
from auditrules.audit.constants.fields import COMPARISONS
from auditrules.audit.model.rule import (
    KEY_SEPARATOR,
    Action,
    Comparison,
    Condition,
    Field,
    FilterList,
    Operator,
    Permission,
    Rule,
)
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, SyscallMask
from auditrules.audit.model.text import decode, encode
from tests.audit.file_trees import facts

FILES = {
    "/bin": "-> usr/bin",
    "/etc/docker/daemon.json": "file",
    "/etc/loop": "-> loop",
    "/etc/nowhere": "-> missing",
    "/usr/bin/dockerd": "file",
    "/usr/bin/new": "missing",
    "/gone": "missing",
}
HOST = replace(facts(FILES), users={"root": 0, "alice": 1000}, groups={"root": 0, "docker": 998}, mounts=None)

TEXT = st.binary(max_size=80).map(decode)
BYTES = st.binary(max_size=400)
_WORDS = """
    -w -W -a -A -d -S -F -C -k -p -D -e -b -i -c -q -m -l -s -- - always,exit never,exit exit,never always,task /etc x
    arch=b64 arch=b32 perm=wa auid>=1000 path=/etc/x dir=/etc key=k exe=/bin/sh uid!=euid open,close all 59 0 1 2 # =
    -Dk -wx --signal --backlog=1 io_uring,always 99999999999999999999 msgtype=CWD f24=1 a0=0x1F exit=-EPERM
"""
WORDS = st.sampled_from([*_WORDS.split(), "", "\\", "-p\t", "\x07"])
LINES = st.one_of(TEXT, st.lists(st.one_of(WORDS, TEXT), max_size=12).map(" ".join))

_NUMBERS = st.integers(0, 0xFFFFFFFF)
_ANY = st.sampled_from(
    [
        Operator.EQUAL,
        Operator.NOT_EQUAL,
        Operator.GREATER,
        Operator.GREATER_OR_EQUAL,
        Operator.LESS,
        Operator.LESS_OR_EQUAL,
    ],
)
_EITHER = st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL])
# Operators in a path or key are cut out of it, so auditctl makes no such field.
_CHARS = st.characters(codec="utf-8", exclude_characters="\n\0\x01\x04\x07!<>&=")
_NAMES = st.text(_CHARS, min_size=1, max_size=12)
PATHS = st.lists(_NAMES.filter(lambda name: "/" not in name and name not in (".", "..")), min_size=1, max_size=3).map(
    lambda parts: "/" + "/".join(parts),
)
KEYS = st.lists(_NAMES, min_size=1, max_size=3).map(KEY_SEPARATOR.join).filter(lambda key: len(encode(key)) < 200)
PERMISSIONS = st.integers(1, 15).map(Permission)


def _field(
    name: str, operators: st.SearchStrategy[Operator], values: st.SearchStrategy[int]
) -> st.SearchStrategy[Condition]:
    return st.builds(Field, st.just(name), operators, values)


_IDS = st.sampled_from(["uid", "euid", "suid", "fsuid", "auid", "gid", "egid", "sgid", "fsgid", "obj_uid", "obj_gid"])
_PLAIN = st.sampled_from(
    ["pid", "ppid", "pers", "success", "sessionid", "devmajor", "devminor", "a0", "a1", "a2", "a3"]
)
_ERRORS = st.one_of(st.integers(0, 200), st.integers(1, 133).map(lambda number: 2**32 - number))
CONDITIONS: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Field, _IDS, _ANY, _NUMBERS.filter(lambda number: number != 2**32 - 1)),
    st.builds(Field, _PLAIN, _ANY, st.integers(0, 2**31 - 1)),
    _field("exit", _ANY, _ERRORS),
    _field("filetype", _EITHER, st.sampled_from(sorted(names.FILE_TYPES.values()))),
    _field("saddr_fam", _ANY, st.integers(0, 45)),
    _field("inode", _EITHER, _NUMBERS),
    st.builds(
        lambda pair, operator: Comparison(pair[0], operator, pair[1]),
        st.sampled_from(COMPARISONS),
        _EITHER,
    ),
)
# A normal text has the newest names: here are numbers and machines for which auditctl 3.0.9 has them already.
MASKS = st.one_of(
    st.just(ALL_SYSCALLS),
    st.sets(st.one_of(st.integers(0, 450), st.integers(500, 2015)), min_size=1, max_size=6).map(
        lambda bits: sum(1 << bit for bit in bits)
    ),
)
ARCHES = st.sampled_from(["x86_64", "i386", "aarch64"]).map(syscalls.ARCHES.__getitem__)


@st.composite
def exit_rules(draw: st.DrawFn) -> Rule:
    """Rules of the exit list, watches among them."""
    fields: list[Condition] = []
    if draw(st.booleans()):
        fields.append(Field("arch", draw(_EITHER), draw(ARCHES)))
    if draw(st.booleans()):
        fields.append(Field(draw(st.sampled_from(["path", "dir"])), Operator.EQUAL, draw(PATHS)))
    if draw(st.booleans()):
        fields.append(Field("perm", Operator.EQUAL, draw(PERMISSIONS)))
    if draw(st.booleans()):
        fields.append(Field("exe", draw(_EITHER), draw(PATHS)))
    fields += draw(st.lists(CONDITIONS, max_size=4))
    if draw(st.booleans()):
        fields.append(Field("key", Operator.EQUAL, draw(KEYS)))
    return Rule(FilterList.EXIT, draw(st.sampled_from(Action)), SyscallMask(draw(MASKS)), tuple(fields))


@st.composite
def other_rules(draw: st.DrawFn) -> Rule:
    """Rules of the lists without system calls."""
    action = draw(st.sampled_from(Action))
    ids = st.builds(Field, st.sampled_from(["uid", "gid", "auid"]), _ANY, st.integers(0, 99999))
    match draw(st.sampled_from(["task", "user", "exclude", "filesystem"])):
        case "task":
            return Rule(FilterList.TASK, action, SyscallMask(), tuple(draw(st.lists(ids, max_size=2))))
        case "user":
            return Rule(FilterList.USER, action, ALL_SYSCALLS, tuple(draw(st.lists(ids, min_size=1, max_size=2))))
        case "exclude":
            types = st.builds(Field, st.just("msgtype"), _ANY, st.integers(1, 2999))
            chosen = draw(st.lists(st.one_of(ids, types), min_size=1, max_size=3))
            return Rule(FilterList.EXCLUDE, action, ALL_SYSCALLS, tuple(chosen))
        case _:
            magic = draw(
                st.one_of(
                    st.sampled_from([names.FILE_SYSTEMS["debugfs"][0], names.FILE_SYSTEMS["tracefs"][0]]),
                    st.integers(0, 2**31),
                )
            )
            kinds = (Field("fstype", draw(_EITHER), magic),)
            return Rule(FilterList.FILESYSTEM, action, ALL_SYSCALLS, kinds)


RULES = st.one_of(exit_rules(), other_rules())
