r"""Finds the paths, users and groups that rules name, which must be looked up on the host before rules are read.

It does not parse: it takes every absolute path that could belong to a `-w`, `-W`, `-q`, `path=`, `dir=` or `exe=` of a
rules file or listing, and every user and group that is not a number. One name too many costs a look at the file
system; one too few leaves a fact unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice

from auditrules.audit.auditctl.field_values import MOST_PATH_BYTES
from auditrules.audit.auditctl.rules_file import LINE_BYTES
from auditrules.audit.kernel.rule_data import decoded
from auditrules.audit.model.rule import FILE_FIELDS, Field, Rule
from auditrules.audit.model.text import decode, encode
from auditrules.values import dataclass

MOST_PATHS = 20_000  # more than any kernel has rules in practice; further paths stay unknown
# Of all paths together, and of all names. The directories above each path are looked up too, and take much more.
MOST_BYTES = 4 << 20
MOST_NAMES = 1_000  # of users, and as many of groups

# Names of flags and fields are looked for in a line of small letters, which re.IGNORECASE takes twice as long for.
_NAMED = re.compile(rb"(?:-[a-z]*[wq] *|(?:path|dir|exe)[!<>=&]{1,2})(?=/)")
_WORD = re.compile(rb"(?:[^ \\]|\\.|\\$)*", re.DOTALL)
_ESCAPE = re.compile(rb"\\([ \\])|([\x07\x04]).?", re.DOTALL)
_ESCAPED = re.compile(rb"[\\\x07\x04]")
_MARKERS = {b"\x07": b" ", b"\x04": b"\\"}  # auditctl's own stand-ins for the two escapes, which a file may hold
_LISTED_END = re.compile(rb" -[pkFCS] |\Z")  # a listing prints paths raw, spaces included

_USER = re.compile(rb"uid[!<>=&]{1,2}([^ ]{1,256})", re.IGNORECASE)
_GROUP = re.compile(rb"gid[!<>=&]{1,2}([^ ]{1,256})", re.IGNORECASE)
_NAMED_ID = re.compile(rb"[ug]id(?:[!<>=&]{2}|[!<>=&](?![!<>=&]))(?![-+]?[0-9])[^ ]")
_NO_NAME = re.compile(rb"[-+]?[0-9].*|unset|(?:[aes]|fs|login|obj_)?uid|(?:[es]|fs|obj_)?gid", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Needs:
    """The paths, users and groups that rules name. Bytes that are not UTF-8 are kept as surrogates."""

    paths: frozenset[str]
    users: frozenset[str]
    groups: frozenset[str]


def needs(texts: Iterable[bytes], payloads: tuple[bytes, ...] = ()) -> Needs:
    """Find the names in rules files and listings (`texts`) and in the kernel's own rules, up to the limits above.

    `payloads` are those of AUDIT_LIST_RULES messages. One that is no rule names nothing.
    """
    paths, users, groups = _in_texts(tuple(texts))
    kernel = _in_kernel(payloads)
    first = _first(MOST_PATHS, MOST_BYTES, chain(kernel, paths))
    return Needs(frozenset(kernel[path] if path in kernel else decode(path) for path in first), users, groups)


@lru_cache(1)  # the files often stay the same while the kernel gets another rule
def _in_texts(texts: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], frozenset[str], frozenset[str]]:
    """The paths in texts, in their order, the users, and the groups."""
    every = dict.fromkeys(chain.from_iterable(map(_lines, texts)))  # most are in rules.d and in audit.rules
    lines = [line for line in every if not line.lstrip(b" ").startswith(b"#")]
    places = islice((place for line in lines if b"/" in line for place in _places(line)), 4 * MOST_PATHS)
    named = [line for line in lines if _NAMED_ID.search(line.lower()) is not None]
    return (
        tuple(_first(MOST_PATHS, MOST_BYTES, (path for place in places for path in _paths(place)))),
        _decoded(_first(MOST_NAMES, MOST_BYTES, (name for line in named for name in _names(_USER, line)))),
        _decoded(_first(MOST_NAMES, MOST_BYTES, (name for line in named for name in _names(_GROUP, line)))),
    )


def _in_kernel(payloads: tuple[bytes, ...]) -> dict[bytes, str]:
    """The paths in the kernel's rules. Their texts are the rules' own strings, so that memory holds each once."""
    found: dict[bytes, str] = {}
    for rule in decoded(payloads):
        for condition in rule.fields if isinstance(rule, Rule) else ():  # else its row will say what is wrong
            if isinstance(condition, Field) and condition.name in FILE_FIELDS and isinstance(condition.value, str):
                raw = encode(condition.value)
                for path in _variants(raw.partition(b"\0")[0]):
                    found.setdefault(path, condition.value if path == raw else decode(path))
    return found


def _first(most: int, size: int, names: Iterable[bytes]) -> dict[bytes, None]:
    """The first `most` different names, of at most `size` bytes together."""
    found: dict[bytes, None] = {}
    for name in names:
        if name not in found:
            size -= len(name)
            if len(found) == most or size < 0:
                break
            found[name] = None
    return found


def _decoded(names: Iterable[bytes]) -> frozenset[str]:
    return frozenset(map(decode, names))


def _lines(text: bytes) -> list[bytes]:
    """The lines of a text. auditctl takes the rest of a file's long line as a further line; a listing has no limit."""
    lines = text.split(b"\n")
    cut = (line for line in lines if len(line) > LINE_BYTES)
    return lines + [line[start : start + LINE_BYTES] for line in cut for start in range(0, len(line), LINE_BYTES)]


def _places(line: bytes) -> Iterator[bytes]:
    """Yield the text that begins with each path, as long as a path may be."""
    for match in _NAMED.finditer(line.lower()):
        yield line[match.end() : match.end() + 2 * MOST_PATH_BYTES].partition(b"\0")[0]


def _paths(place: bytes) -> Iterator[bytes]:
    """Yield each path that the text may begin with: a file's word, escaped or not, or a listing's path with spaces."""
    word = place.partition(b" ")[0]
    readings = [word]
    if _LISTED_END.match(place, len(word)) is None and (end := _LISTED_END.search(place, len(word))) is not None:
        readings.append(place[: end.start()])
    if _ESCAPED.search(place) is not None:
        escaped = _WORD.match(place)
        readings.append(_ESCAPE.sub(_unescaped, escaped[0] if escaped else place))
    for reading in readings:
        yield from _variants(reading)
        mount, comma, subtree = reading.partition(b",/")  # -q MOUNT,SUBTREE
        if comma:
            yield from _variants(mount)
            yield from _variants(b"/" + subtree)


def _variants(path: bytes) -> list[bytes]:
    """A path without slashes at its end, and without CRs, which augenrules strips from 3.1.1 on."""
    ends = (path, path.rstrip(b"\r")) if path[-1:] == b"\r" else (path,)
    return [bare for end in ends if len(bare := end.rstrip(b"/") or b"/") < MOST_PATH_BYTES]


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped, marker = match.groups()
    return escaped if escaped is not None else _MARKERS[marker]


def _names(pattern: re.Pattern[bytes], line: bytes) -> Iterator[bytes]:
    for match in pattern.finditer(line):
        name = match[1].rstrip(b"\r")
        if name and b"\0" not in name and not _NO_NAME.fullmatch(name):
            yield name
