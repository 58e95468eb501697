r"""Reads the rules of AIDE from aide.conf(5) of AIDE 0.16 to 0.19. Pure: the caller gives the files.

Lines define variables (`@@define`) or groups of attributes (`NAME = p+i+n`), include other files, or are rules: a
regular expression that matches from the beginning of a path, and attributes. `/` selects files, `=` only in its own
folder, `!` and `-` exclude them. No included program is run. The output of programs from the distribution's package is
assumed to be about no program of audit; that of others is not known.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise

from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.benchmarks.configuration.aide_rules import (
    ATTRIBUTES,
    LEAVES_OUT,
    SELECTS,
    STOPS,
    UNKNOWN,
    AideFile,
    AideInclude,
    AideLookup,
    AideRule,
    AideRules,
)
from auditrules.benchmarks.configuration.plain_regex import is_found
from auditrules.text import visible
from auditrules.values import dataclass, field

MOST_BYTES = 1 << 20  # of one file
MOST_FILES = 1000  # Debian brings 211
MOST_DEPTH = 16  # of includes in each other: AIDE's own bound
_MOST_RULES = 20_000

_EXTRA = frozenset({"acl", "selinux", "xattrs", "e2fsattrs", "caps"})
_COMMON = frozenset({"p", "ftype", "i", "n", "u", "g"})
# Which checksum R has changed with the versions: none counts. Of H those count that every version has.
_GROUPS = {
    **{name: frozenset({name}) for name in ATTRIBUTES},
    "R": _COMMON | _EXTRA | {"s", "l", "m", "c"},
    "L": _COMMON | _EXTRA | {"l"},
    ">": _COMMON | _EXTRA | {"s", "growing", "l"},
    "H": frozenset({"sha256", "sha512"}),
    "X": _EXTRA,
    "E": frozenset[str](),
}

_OPTION = re.compile(r"(?:database|verbose|[a-z]+(?:_[a-z0-9]+)+)[ \t]*=")
_GROUP = re.compile(r"([A-Za-z0-9_%]+)[ \t]*=[ \t]*(.+)")
_WORD = re.compile(r"[A-Za-z0-9_%>]+")
_OF_EXPRESSION = re.compile(r"[ \t]+|([A-Za-z0-9_%>]+|[-+,=])")
_VARIABLE = re.compile(r"@@\{([^}]*)\}")
_IN_PATH = re.compile(r"@@\{(?P<name>[A-Za-z0-9_%]+)\}|\\(?P<escaped>[\\@ ])|(?P<text>[^ \t\r\n])")
_OF_RESTRICTIONS = (",", "=")
_SPECIAL = f"(^$?*[{UNKNOWN}"  # end the part of an expression that AIDE takes for a folder
_SHOWN = 80  # characters of a line that a message shows

AideWish = AideInclude | AideLookup
AideAnswer = Sequence[AideFile] | bool | None
AideReading = Generator[AideWish, AideAnswer, AideRules]


def read_aide(main: File | None) -> AideReading:
    """Parse the configuration. It yields wishes: send it the files of an include, in order, or whether a path exists.

    Raises nothing.
    """
    if main is None:
        return AideRules()
    state = _State()
    yield from state.file(AideFile(main), 0, executed=False)
    return AideRules(main.path, tuple(state.rules), tuple(dict.fromkeys(state.unclear)), state.programs)


@dataclass(slots=True)
class _State:
    """The rules, groups and variables of the lines that were read until now."""

    variables: dict[str, str] = field(default_factory=dict)
    groups: dict[str, frozenset[str] | None] = field(default_factory=lambda: dict(_GROUPS))  # None: not known
    rules: list[AideRule] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    files: int = 0
    programs: int = 0
    maybe: bool = False  # whether it is not known if the line that is read counts

    def file(self, included: AideFile, depth: int, *, executed: bool) -> Generator[AideWish, AideAnswer, None]:
        """Parse one file, line by line."""
        self.files += 1
        file = included.file
        if file.content is None:
            self.unclear.append(f"{file.path}: {file.error}")
        elif executed and included.packaged and file.mode is not None and file.mode & 0o100:
            self.programs += 1
        elif executed and (file.mode is None or file.mode & 0o100):
            self.unclear.append(f"{file.path}: AIDE would run it, and what it prints is not known")
        elif self.files > MOST_FILES or depth > MOST_DEPTH:
            self.unclear.append(f"{file.path}: not read, as it is one of too many")
        else:
            conditions: list[bool | None] = []  # those that the line is in; None: it is not known whether it holds
            outside = self.maybe
            for number, raw in enumerate(decode(file.content).split("\n"), start=1):
                line = raw.strip(" \t\r")
                if not line or line.startswith("#"):
                    continue
                self.maybe = outside or None in conditions
                try:
                    yield from self._line(_AideLine(file.path, number, line), conditions, depth)
                except _UnclearError as unclear:
                    self.unclear.append(f"{file.path}, line {number}: {unclear}")
            self.maybe = outside

    def _line(
        self, line: _AideLine, conditions: list[bool | None], depth: int
    ) -> Generator[AideWish, AideAnswer, None]:
        word, _, rest = line.text.partition(" ") if " " in line.text else line.text.partition("\t")
        if word in ("@@if", "@@ifdef", "@@ifndef", "@@ifhost", "@@ifnhost"):
            read = False not in conditions
            conditions.append((yield from self._condition(word, rest.strip())) if read else False)
        elif word in ("@@else", "@@endif"):
            if not conditions:
                raise _UnclearError(f"expected an @@if before {word}")
            last = conditions.pop()
            if word == "@@else":
                conditions.append(None if last is None else not last)
        elif False in conditions:
            return
        elif word in ("@@include", "@@x_include"):
            yield from self._include(rest, depth, execute=word == "@@x_include")
        else:
            self._statement(word, rest.strip(), line)

    def _statement(self, word: str, rest: str, line: _AideLine) -> None:
        """Parse a line that needs no other file."""
        if word in ("@@define", "@@undef"):
            name, _, value = rest.partition(" ")
            if self.maybe:
                self.variables[name] = UNKNOWN
            elif word == "@@define":
                self.variables[name] = self._expanded(value.strip())
            else:
                self.variables.pop(name, None)
        elif word == "@@x_include_setenv" or (_OPTION.match(line.text) and not line.text.startswith("root_prefix")):
            return
        elif line.text.startswith(("/", "=/", "!/", "-/")):
            self._rule(line)
        elif (group := _GROUP.fullmatch(line.text)) and not line.text.startswith("root_prefix"):
            self.groups[group[1]] = None if self.maybe else self._attributes(group[2])
        else:
            raise _UnclearError(f"expected a rule, a group or an option, found '{visible(line.text[:_SHOWN])}'")

    def _rule(self, line: _AideLine) -> None:
        sign = SELECTS if line.text[0] == "/" else line.text[0]
        expression, rest = self._path(line.text.removeprefix(sign) if sign != SELECTS else line.text)
        restriction, attributes = _parts(rest)
        if sign in (LEAVES_OUT, STOPS):
            restriction, attributes = restriction or attributes, ""
        elif not attributes:
            raise _UnclearError("expected attributes after the path")
        types, _, file_system = restriction.partition("=")
        if len(self.rules) >= _MOST_RULES:
            raise _UnclearError(f"expected at most {_MOST_RULES} rules")
        found = self._attributes(attributes) if attributes else frozenset[str]()
        self.rules.append(
            AideRule(
                sign,
                expression,
                found or frozenset(),
                line.file,
                line.number,
                "" if types == "0" else types.replace(",", ""),
                _folder(expression),
                not (self.maybe or file_system or found is None),
            )
        )

    def _path(self, text: str) -> tuple[str, str]:
        """Split a rule into its expression and the rest."""
        parts, at = [], 0
        while match := _IN_PATH.match(text, at):
            name = match["name"]
            parts.append(match["escaped"] or match["text"] if name is None else self._variable(name))
            at = match.end()
        return "".join(parts), text[at:].strip()

    def _expanded(self, text: str) -> str:
        return _VARIABLE.sub(lambda match: self._variable(match[1]), text)

    def _variable(self, name: str) -> str:
        """The value of a variable. UNKNOWN if AIDE itself or a program that is not run may define it, else empty."""
        by_others = self.programs or name in ("HOSTNAME", "AIDE_VERSION")
        return self.variables.get(name, UNKNOWN if by_others else "")

    def _attributes(self, text: str) -> frozenset[str] | None:
        """Parse attributes such as `R+sha512-md5`; None if a group in them is not known."""
        found: frozenset[str] | None = frozenset()
        sign = "+"
        expects_word = True
        for word in _tokens(text):
            if bool(_WORD.fullmatch(word)) is not expects_word or word in _OF_RESTRICTIONS:
                raise _UnclearError(f"expected attributes, found '{visible(text[:_SHOWN])}'")
            if not expects_word:
                sign = word
            elif word not in self.groups and self.maybe:
                found = None
            elif word not in self.groups:
                raise _UnclearError(f"the group {visible(word[:_SHOWN])} is not defined")
            else:
                group = self.groups[word]
                combined = frozenset[str].__or__ if sign == "+" else frozenset[str].__sub__
                found = None if group is None or found is None else frozenset(combined(found, group))
            expects_word = not expects_word
        if expects_word:
            raise _UnclearError(f"expected attributes, found '{visible(text[:_SHOWN])}'")
        return found

    def _condition(self, word: str, rest: str) -> Generator[AideWish, AideAnswer, bool | None]:
        """Whether a condition is true; None if that is not known."""
        words = rest.split()
        negated = word in ("@@ifndef", "@@ifnhost")
        if word in ("@@ifdef", "@@ifndef"):
            words = ["defined", *words]
        elif word in ("@@ifhost", "@@ifnhost"):
            return None  # the name of the host is not known here
        while words[:1] == ["not"]:
            negated, words = not negated, words[1:]
        match words:
            case ["defined", name]:
                known = name in self.variables
                unsure = self.variables.get(name) == UNKNOWN or (not known and self.programs)
                return None if unsure else known is not negated
            case ["exists", path]:
                found = None if UNKNOWN in self._expanded(path) else (yield AideLookup(self._expanded(path)))
                return found is not negated if isinstance(found, bool) else None
            case _:
                return None

    def _include(self, rest: str, depth: int, *, execute: bool) -> Generator[AideWish, AideAnswer, None]:
        words = self._expanded(rest).split()
        if len(words) not in (1, 2) or not words[0].startswith("/") or any(UNKNOWN in word for word in words):
            raise _UnclearError(
                f"expected to include a path without a prefix for rules, found '{visible(rest[:_SHOWN])}'"
            )
        files = yield AideInclude(*words)
        for file in files if isinstance(files, Sequence) else ():
            if len(words) == 1 or (matched := is_found(words[1], file.file.path.rpartition("/")[2])):
                yield from self.file(file, depth + 1, executed=execute)
            elif matched is None:
                raise _UnclearError(f"which names '{visible(words[1][:_SHOWN])}' stands for is not known")


class _UnclearError(Exception):
    """The meaning of a line is not known. The message says why."""


@dataclass(frozen=True, slots=True)
class _AideLine:
    file: str
    number: int
    text: str


def _tokens(text: str) -> Iterator[str]:
    """Yield the words and signs of an expression. Raises _UnclearError at anything else."""
    at = 0
    while at < len(text):
        match = _OF_EXPRESSION.match(text, at)
        if match is None:
            raise _UnclearError(f"expected attributes, found '{visible(text[:_SHOWN])}'")
        if match[1]:
            yield match[1]
        at = match.end()


def _parts(text: str) -> tuple[str, str]:
    """Split the text after a path into restriction and attributes: where two words have no sign between them."""
    tokens = [*_tokens(text)]
    for number, (left, right) in enumerate(pairwise(tokens)):
        if _WORD.fullmatch(left) and _WORD.fullmatch(right):
            return "".join(tokens[: number + 1]), "".join(tokens[number + 1 :])
    return "", "".join(tokens)


def _folder(expression: str) -> str:
    """The folder that an expression begins with, as AIDE finds it (strrxtok in its src/seltree.c)."""
    plain, last, at = "/", 1, 1
    while at < len(expression) and expression[at] not in _SPECIAL:
        if expression[at] == "\\":
            at += 1
            plain += expression[at : at + 1]
        else:
            last = len(plain) if expression[at] == "/" else last
            plain += expression[at]
        at += 1
    return plain[:last]
