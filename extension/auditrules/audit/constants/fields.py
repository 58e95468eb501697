"""The table of rule fields: each with the kind of its value, and the lists and operators that auditctl accepts.

Names and numbers: linux/audit.h and lib/fieldtab.h of audit 3.0.9; kinds and limits: audit_rule_fieldpair_data in
lib/libaudit.c.
"""

from __future__ import annotations

from auditrules.audit.model.host_facts import Version
from auditrules.audit.model.rule import SYSCALL_LISTS, Comparison, FilterList, Operator
from auditrules.audit.model.text_enum import TextEnum
from auditrules.values import dataclass


class FieldKind(TextEnum):
    """The kind of a field's value, in the words of an error message."""

    NUMBER = "a number"
    UNSIGNED = "a number, 0 or more"
    ARGUMENT = "a number, negative ones included"
    USER = "a user's number or name, or unset"
    GROUP = "a group's number or name"
    SESSION = "a session's number, or unset"
    EXIT = "a number or an error's name such as -EACCES"
    ARCH = "an architecture: b64, b32, or a machine's name"
    MESSAGE = "a record type's number or name"
    PERMISSIONS = "letters of rwxa, at most four"
    FILE_TYPE = "a file type: file, dir, socket, link, character, block or fifo"
    FILE_SYSTEM = "a file system's magic number, or tracefs or debugfs"
    FAMILY = "a socket address family's number"
    PATH = "an absolute path"
    LABEL = "a security label"
    KEY = "a key"


@dataclass(frozen=True, slots=True)
class FieldType:
    """One row of the table below."""

    name: str
    number: int  # AUDIT_* of linux/audit.h
    kind: FieldKind
    lists: frozenset[FilterList] | None = None  # None: auditctl tests nothing, the kernel may
    operators: frozenset[Operator] | None = None
    since: Version = (0, 0, 0)  # the first auditctl that knows it
    interfield: bool = False  # may stand on either side of -C


_MESSAGES = frozenset({FilterList.EXCLUDE, FilterList.USER})
_SESSIONS = frozenset({FilterList.EXCLUDE, FilterList.USER, FilterList.EXIT})
_EQUAL = frozenset({Operator.EQUAL})
EQUALITIES = frozenset({Operator.EQUAL, Operator.NOT_EQUAL})

TABLE = (
    FieldType("pid", 0, FieldKind.NUMBER),
    FieldType("uid", 1, FieldKind.USER, interfield=True),
    FieldType("euid", 2, FieldKind.USER, interfield=True),
    FieldType("suid", 3, FieldKind.USER, interfield=True),
    FieldType("fsuid", 4, FieldKind.USER, interfield=True),
    FieldType("gid", 5, FieldKind.GROUP, interfield=True),
    FieldType("egid", 6, FieldKind.GROUP, interfield=True),
    FieldType("sgid", 7, FieldKind.GROUP, interfield=True),
    FieldType("fsgid", 8, FieldKind.GROUP, interfield=True),
    FieldType("auid", 9, FieldKind.USER, interfield=True),
    FieldType("pers", 10, FieldKind.NUMBER),
    FieldType("arch", 11, FieldKind.ARCH, operators=EQUALITIES),
    FieldType("msgtype", 12, FieldKind.MESSAGE, _MESSAGES),
    FieldType("subj_user", 13, FieldKind.LABEL),
    FieldType("subj_role", 14, FieldKind.LABEL),
    FieldType("subj_type", 15, FieldKind.LABEL),
    FieldType("subj_sen", 16, FieldKind.LABEL),
    FieldType("subj_clr", 17, FieldKind.LABEL),
    FieldType("ppid", 18, FieldKind.NUMBER, SYSCALL_LISTS),
    FieldType("obj_user", 19, FieldKind.LABEL, SYSCALL_LISTS),
    FieldType("obj_role", 20, FieldKind.LABEL, SYSCALL_LISTS),
    FieldType("obj_type", 21, FieldKind.LABEL, SYSCALL_LISTS),
    FieldType("obj_lev_low", 22, FieldKind.LABEL, SYSCALL_LISTS),
    FieldType("obj_lev_high", 23, FieldKind.LABEL, SYSCALL_LISTS),
    FieldType("sessionid", 25, FieldKind.SESSION, _SESSIONS),
    FieldType("fstype", 26, FieldKind.FILE_SYSTEM, frozenset({FilterList.FILESYSTEM}), EQUALITIES),
    FieldType("devmajor", 100, FieldKind.NUMBER, SYSCALL_LISTS),
    FieldType("devminor", 101, FieldKind.NUMBER, SYSCALL_LISTS),
    FieldType("inode", 102, FieldKind.UNSIGNED, SYSCALL_LISTS, EQUALITIES),
    FieldType("exit", 103, FieldKind.EXIT, SYSCALL_LISTS),
    FieldType("success", 104, FieldKind.NUMBER, SYSCALL_LISTS),
    FieldType("path", 105, FieldKind.PATH, SYSCALL_LISTS),
    FieldType("perm", 106, FieldKind.PERMISSIONS, frozenset({FilterList.EXIT, FilterList.EXCLUDE}), _EQUAL),
    FieldType("dir", 107, FieldKind.PATH, SYSCALL_LISTS),
    FieldType("filetype", 108, FieldKind.FILE_TYPE, SYSCALL_LISTS),
    FieldType("obj_uid", 109, FieldKind.USER, interfield=True),
    FieldType("obj_gid", 110, FieldKind.GROUP, interfield=True),
    FieldType("field_compare", 111, FieldKind.NUMBER),
    FieldType("exe", 112, FieldKind.PATH, operators=EQUALITIES),
    FieldType("saddr_fam", 113, FieldKind.FAMILY, since=(3, 0, 0)),
    FieldType("a0", 200, FieldKind.ARGUMENT),
    FieldType("a1", 201, FieldKind.ARGUMENT),
    FieldType("a2", 202, FieldKind.ARGUMENT),
    FieldType("a3", 203, FieldKind.ARGUMENT),
    FieldType("key", 210, FieldKind.KEY),
)

FIELDS = {field.name: field for field in TABLE}
ALIASES = {"loginuid": "auid"}
NAMES = {field.number: field.name for field in TABLE}

# The fields that the kernel compares on the exclude list (audit_filter of kernel/auditsc.c). Before 3.1 auditctl
# accepted no others there.
EXCLUDABLE = frozenset(
    {
        "pid",
        "uid",
        "gid",
        "auid",
        "msgtype",
        "subj_user",
        "subj_role",
        "subj_type",
        "subj_sen",
        "subj_clr",
        "exe",
    },
)

# -C in the kernel's order of the two fields (AUDIT_COMPARE_* of linux/audit.h), by number from 1.
COMPARISONS = (
    ("uid", "obj_uid"),
    ("gid", "obj_gid"),
    ("euid", "obj_uid"),
    ("egid", "obj_gid"),
    ("auid", "obj_uid"),
    ("suid", "obj_uid"),
    ("sgid", "obj_gid"),
    ("fsuid", "obj_uid"),
    ("fsgid", "obj_gid"),
    ("uid", "auid"),
    ("uid", "euid"),
    ("uid", "fsuid"),
    ("uid", "suid"),
    ("auid", "fsuid"),
    ("auid", "suid"),
    ("auid", "euid"),
    ("euid", "suid"),
    ("euid", "fsuid"),
    ("suid", "fsuid"),
    ("gid", "egid"),
    ("gid", "fsgid"),
    ("gid", "sgid"),
    ("egid", "fsgid"),
    ("egid", "sgid"),
    ("sgid", "fsgid"),
)

PAIRS = {frozenset(pair): pair for pair in COMPARISONS}


def compared(number: int | str, operator: Operator) -> Comparison | None:
    """The comparison for a number in the field `field_compare`; None: the kernel has none."""
    if not isinstance(number, int) or not 0 < number <= len(COMPARISONS):
        return None
    left, right = COMPARISONS[number - 1]
    return Comparison(left, operator, right)


def lookup(name: str) -> FieldType | None:
    """The field with this name or alias; upper and lower case are alike, as in lib/fieldtab.h."""
    spelled = name.lower() if name.isascii() else name
    return FIELDS.get(ALIASES.get(spelled, spelled))
