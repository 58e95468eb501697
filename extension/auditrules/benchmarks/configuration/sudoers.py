r"""Reads the log files of sudo from sudoers(5): `logfile=` in Defaults lines, and the includes of a file. Pure.

A Defaults line is for everybody, or for some users (`:`), hosts (`@`), commands (`!`) or target users (`>`). Words end
at blanks and `,=:()!>#`, unless these are quoted or follow a backslash. A backslash at the end of a line joins the next
line, except in comments. The last line for everybody counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditrules.audit.model.text import decode
from auditrules.text import visible
from auditrules.values import dataclass

PATHS = ("/etc/sudoers", "/usr/etc/sudoers")
"""The possible paths of the main file. The first that exists counts."""
MOST_BYTES = 1 << 20  # of one file
MOST_FILES = 200
MOST_DEPTH = 128  # of nested includes: sudo's own limit

_INCLUDE = re.compile(r"[ \t]*[#@]include(dir)?[ \t]+(.*)")
_DEFAULTS = re.compile(r"[ \t]*Defaults(?=[ \t:@!>\\]|$)")
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\n\r]+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>(?:[^\s#>!=:,()"\\]|\\.)+)|(?P<sign>.)""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LOGFILE = "logfile"
_NAMES = (_LOGFILE, f"{_LOGFILE}+", f"{_LOGFILE}-")  # before `=`; += and -= also set an option that is no list
_COMMENT, _QUOTED = "comment", "quoted"
_SHOWN = 80  # characters of a line in a message


@dataclass(frozen=True, slots=True)
class SudoersLogFile:
    """A Defaults line that sets the log file, or unsets it (empty `path`). `scope` is empty for everybody."""

    file: str
    line: int
    scope: str
    path: str


@dataclass(frozen=True, slots=True)
class SudoersInclude:
    """A line that includes a file, or all files of a folder."""

    file: str
    line: int
    path: str
    folder: bool


@dataclass(frozen=True, slots=True)
class SudoersUnclear:
    """A line that may change the log file in a way that is not known. The message says where and why."""

    message: str


SudoersStatement = SudoersLogFile | SudoersInclude | SudoersUnclear


@dataclass(frozen=True, slots=True)
class SudoLog:
    """The files that sudo logs to; none: it logs to syslog only. `places` are the files of sudoers that name them.

    `error` says why there may be others.
    """

    paths: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    error: str = ""


def sudoers_statements(file: str, content: bytes) -> Iterator[SudoersStatement]:
    """Parse the statements about the log, and the includes, of a file of sudoers, in order. Raises nothing."""
    for number, line in _lines(decode(content)):
        include = _INCLUDE.fullmatch(line)
        if include is not None:
            yield _included(file, number, include[2], folder=bool(include[1]))
        elif (start := _DEFAULTS.match(line)) is not None:
            yield from _log_files(file, number, line[start.end() :])


def sudo_log(statements: Iterable[SudoersStatement]) -> SudoLog:
    """Find the log files of sudo from the statements of all files, in the order in which sudo reads them."""
    everybody: SudoersLogFile | None = None
    others: list[SudoersLogFile] = []
    errors: list[str] = []
    for each in statements:
        if isinstance(each, SudoersUnclear):
            errors.append(each.message)
        elif isinstance(each, SudoersLogFile) and each.scope:
            others += [each] if each.path else []
        elif isinstance(each, SudoersLogFile):
            everybody = each
    found = {each.path: each.file for each in ([everybody] if everybody and everybody.path else []) + others}
    return SudoLog(tuple(found), tuple(found.values()), "; ".join(errors[:1]))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers. Continued lines are joined."""
    begun, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        whole = begun + (line.lstrip(" \t") if begun and _end(begun) == _QUOTED else line).removesuffix("\r")
        start = start or number
        bare = whole.rstrip(" \t")
        if (len(bare) - len(bare.rstrip("\\"))) % 2 == 1 and (end := _end(bare[:-1])) != _COMMENT:
            # The end of a continued line is a blank between two words, and nothing in quotes.
            begun = bare[:-1] if end == _QUOTED else f"{bare[:-1]} "
            continue
        yield start, whole
        begun, start = "", 0
    if begun:
        yield start, begun


def _end(line: str) -> str:
    """Whether a line ends in a comment (a hash that is not quoted and begins no uid), in quotes, or in neither."""
    at = 0
    while match := _TOKEN.match(line, at):
        if match["sign"] == "#" and not line[at + 1 : at + 2].isdigit():
            return _COMMENT
        if match["sign"] == '"':
            return _QUOTED
        at = match.end()
    return ""


def _included(file: str, line: int, rest: str, *, folder: bool) -> SudoersStatement:
    words: list[str] = []
    at = 0
    while (match := _TOKEN.match(rest, at)) and not match["blank"] and match[0] != "#":
        words.append(_plain(match["quoted"] if match["quoted"] is not None else match[0]))
        at = match.end()
    path = "".join(words)
    if not path or "%" in path:
        shown = visible(rest[:_SHOWN])
        return SudoersUnclear(f"{file}, line {line}: expected to include a path without a host name, found '{shown}'")
    return SudoersInclude(file, line, path if path.startswith("/") else f"{file.rpartition('/')[0]}/{path}", folder)


def _log_files(file: str, line: int, rest: str) -> Iterator[SudoersStatement]:
    """Parse the rest of a Defaults line for log files."""
    unclear = SudoersUnclear(
        f"{file}, line {line}: expected Defaults that can be read, found '{visible(rest[:_SHOWN])}'"
    )
    scope, parameters = _scope(rest)
    negated, words = False, list[str]()
    for kind, text in (*_tokens(parameters), ("sign", ",")):
        if kind == "sign" and text == "!" and not words:
            negated = not negated
        elif kind == "sign" and text == ",":
            if words and words[0] in _NAMES:
                yield _log_file(file, line, scope, words, negated=negated) or unclear
            negated, words = False, []
        elif kind == "sign" and text != "=":
            if _LOGFILE in rest:
                yield unclear
            return
        else:
            words.append(text)


def _log_file(file: str, line: int, scope: str, words: list[str], *, negated: bool) -> SudoersLogFile | None:
    """Parse one parameter; None if sudo would refuse it."""
    if negated:
        return SudoersLogFile(file, line, scope, "") if words == [_LOGFILE] else None
    match words:
        case [_, "=", path] if path.startswith("/"):
            return SudoersLogFile(file, line, scope, path)
        case _:
            return None


def _scope(rest: str) -> tuple[str, str]:
    """Split a line into its scope and its parameters. The scope is a list whose commas may have blanks around them."""
    if rest[:1] not in (":", "@", "!", ">"):
        return "", rest
    at, after_word = 1, False
    while match := _TOKEN.match(rest, at):
        if match["blank"] and after_word and not rest[match.end() :].startswith(","):
            return rest[:at], rest[match.end() :]
        after_word = after_word if match["blank"] else match["sign"] is None or match["sign"] not in (",", "!")
        at = match.end()
    return rest, ""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield words and signs up to a comment. A quoted text is a word."""
    for match in _TOKEN.finditer(text):
        if match["sign"] == "#":
            return
        if match["sign"] is not None:
            yield "sign", match["sign"]
        elif match["quoted"] is not None:
            yield "word", _plain(match["quoted"])
        elif match["word"] is not None:
            yield "word", _plain(match["word"])
    return


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
