"""The values of AIDE's configuration: its rules, its unclear lines, and the reader's wishes for included files."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.values import dataclass

PATHS = ("/etc/aide/aide.conf", "/etc/aide.conf")
"""The possible paths of the main file (Debian; Red Hat and SUSE). The first that exists counts."""
_ATTRIBUTES = frozenset(
    {
        *("l", "p", "u", "g", "s", "a", "c", "m", "i", "b", "n", "S", "I", "ANF", "ARF", "acl", "selinux", "xattrs"),
        *("ftype", "e2fsattrs", "caps", "growing", "compressed", "fstype"),
    }
)
_HASHES = frozenset(
    {
        *("md5", "sha1", "rmd160", "tiger", "crc32", "crc32b", "haval", "gost", "sha256", "sha512", "whirlpool"),
        *("stribog256", "stribog512", "sha512_256", "sha3_256", "sha3_512", "blake3"),
    }
)
ATTRIBUTES = _ATTRIBUTES | _HASHES
"""The attributes that AIDE can check, by AIDE's names."""

UNKNOWN = "\0"
"""In an expression, the place of a variable whose value is not known."""

SELECTS, EQUALS, LEAVES_OUT, STOPS = "/", "=", "!", "-"


@dataclass(frozen=True, slots=True)
class AideInclude:
    """A wish for the file at a path or, with a regular expression for `names`, for the files of a folder."""

    path: str
    names: str = ""


@dataclass(frozen=True, slots=True)
class AideLookup:
    """A wish to know whether something is at a path."""

    path: str


@dataclass(frozen=True, slots=True)
class AideFile:
    """A file that was wished for. `packaged`: it is unchanged from the distribution's package."""

    file: File
    packaged: bool = False


@dataclass(frozen=True, slots=True)
class AideRule:
    """One rule. `types` are the letters of the file types that it is for; empty: all.

    `folder` is the one that its expression begins with. `certain` is false if it is not known whether the rule counts,
    because of a condition or a type of file system.
    """

    sign: str
    expression: str
    attributes: frozenset[str]
    file: str
    line: int
    types: str = ""
    folder: str = "/"
    certain: bool = True


@dataclass(frozen=True, slots=True)
class AideRules:
    """The configuration of AIDE. `path` is the main file; empty: there is none.

    `unclear` names the lines whose meaning is not known, with the reasons: there may be more rules, or fewer.
    `programs` counts the programs of the distribution's package that AIDE would run for more rules.
    """

    path: str = ""
    rules: tuple[AideRule, ...] = ()
    unclear: tuple[str, ...] = ()
    programs: int = 0
