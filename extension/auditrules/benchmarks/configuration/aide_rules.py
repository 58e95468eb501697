"""What AIDE's configuration says: its rules for files, and what can't be known of them. `aide` reads it."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.values import dataclass

PATHS = ("/etc/aide/aide.conf", "/etc/aide.conf")
"""Where the first file is: the first that is there counts (Debian; Red Hat and SUSE)."""
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
"""What AIDE can check a file for, by the names that it gives them."""

UNKNOWN = "\0"
"""What stands in an expression for a variable of which nobody knows what it stands for."""

SELECTS, EQUALS, LEAVES_OUT, STOPS = "/", "=", "!", "-"


@dataclass(frozen=True, slots=True)
class AideInclude:
    """A wish for files: that of a path or, with a regular expression for names, those of a folder."""

    path: str
    names: str = ""


@dataclass(frozen=True, slots=True)
class AideLookup:
    """A wish to know whether something is at a path."""

    path: str


@dataclass(frozen=True, slots=True)
class AideFile:
    """A file that was wished for. `packaged` says that it is as the distribution's package brings it."""

    file: File
    packaged: bool = False


@dataclass(frozen=True, slots=True)
class AideRule:
    """One rule. `types` are the letters of file types that it is for, empty for all.

    `folder` is the one that its expression begins with. `certain` is false where nobody knows whether the rule counts,
    such as under a condition, or for which type of file system.
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
    """What AIDE's configuration says. `path` is the first file, empty where there is none.

    `unclear` are the lines whose meaning is not known, with where they are and why: there may be more rules, or less.
    `programs` is how many programs of the distribution's package AIDE would run for more rules.
    """

    path: str = ""
    rules: tuple[AideRule, ...] = ()
    unclear: tuple[str, ...] = ()
    programs: int = 0
