"""Reads one JSON object of a benchmark's file key by key; errors name the place. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from auditrules.text import shortened

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PATH_MAX = 4095  # bytes: what the kernel takes, without its NUL
_SHOWN = 80  # characters of what was found
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RULES_FILE = re.compile(r"/etc/audit/rules\.d/[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.rules")


class BenchmarkError(ValueError):
    """Something in a benchmark's file is not valid: file, control, key, what was expected, what was found."""

    def __init__(self, file: str, key: str, expected: str, found: str, control: str = "") -> None:
        self.file = file
        self.control = control
        self.key = key
        self.expected = expected
        self.found = found
        super().__init__(self.message())

    def message(self, line: int = 0) -> str:
        """The message, with the line of the file if that is known."""
        file = f"{self.file}:{line}" if line else self.file
        place = f"{file}, control {self.control}" if self.control else file
        short = shortened(self.found, _SHOWN)
        return f"{place}: {f'{self.key}: ' if self.key else ''}expected {self.expected}, found {short}"


class Fields:
    """The keys of one object, and its place. `finish` raises an error for a key that was not read.

    `key` and `rules_file` are the benchmark's key and file for the rules in a remediation.
    """

    def __init__(
        self, values: Mapping[str, object], file: str, control: str = "", *, key: str = "", rules_file: str = ""
    ) -> None:
        self._values = values
        self._asked: set[str] = set()
        self.file = file
        self.control = control
        self.key = key
        self.rules_file = rules_file

    def error(self, name: str, expected: str) -> BenchmarkError:
        """The error for a key whose value is not valid."""
        found = repr(self._values[name]) if name in self._values else "nothing"
        return BenchmarkError(self.file, name, expected, found, self.control)

    def has(self, name: str) -> bool:
        """Whether the key is there."""
        self._asked.add(name)
        return name in self._values

    def text(self, name: str, default: str | None = None, *, empty: bool = False) -> str:
        """A text, not empty unless `empty` allows it; without a default the key is required."""
        self._asked.add(name)
        value = self._values.get(name)
        if value is None and default is not None and name not in self._values:
            return default
        if isinstance(value, str) and (value or empty) and value.isprintable():
            return value  # nearly every one, of thousands
        if not isinstance(value, str) or not (value or empty):
            raise self.error(name, "a text")
        if any(character in value for character in "\0\r") or not _encodes(value):
            raise self.error(name, "a text without control characters")
        return value

    def line(self, name: str, default: str | None = None) -> str:
        """A printable text on one line; without a default the key is required."""
        value = self.text(name, default)
        if not value.isprintable() or value != value.strip():
            raise self.error(name, "a text on one line")
        return value

    def mapping(self, name: str) -> Mapping[str, object]:
        """An object, or nothing."""
        if not self.has(name):
            return {}
        value = self._values[name]
        if not isinstance(value, dict) or not value:
            raise self.error(name, "an object with at least one key")
        return value

    def texts(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of texts; without a default at least one is required."""
        self._asked.add(name)
        value = self._values.get(name)
        if value is None and default is not None and name not in self._values:
            return tuple(default)
        if not isinstance(value, list) or not all(isinstance(each, str) and each and _encodes(each) for each in value):
            raise self.error(name, "a list of texts")
        if not value and default is None:
            raise self.error(name, "a list of at least one text")
        return tuple(value)

    def alternatives(self, name: str) -> tuple[tuple[str, ...], ...]:
        """A list of at least one text, or list of texts of which one is enough."""
        self._asked.add(name)
        value = self._values.get(name)
        groups = [each if isinstance(each, list) else [each] for each in value] if isinstance(value, list) else []
        if not groups or not all(
            group and all(isinstance(t, str) and t and _encodes(t) for t in group) for group in groups
        ):
            raise self.error(name, "a list of texts, or of lists of which one text is enough")
        return tuple(map(tuple, groups))

    def flag(self, name: str, default: bool | None = None) -> bool:  # noqa: FBT001 - a default as the others take one
        """True or false; without a default it must be there."""
        if not self.has(name) and default is not None:
            return default
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise self.error(name, "true or false")
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number; without a default it must be there."""
        if not self.has(name) and default is not None:
            return default
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(name, "a whole number")
        return value

    def word(self, name: str, words: Sequence[str], default: str | None = None) -> str:
        """One of some words; without a default it must be there."""
        value = self.text(name, default, empty="" in words)
        if value not in words and value != default:
            raise self.error(name, f"one of {', '.join(words)}")
        return value

    def words(self, name: str, words: Sequence[str], default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Some of some words; without a default there must be at least one."""
        value = self.texts(name, default)
        if any(each not in words for each in value):
            raise self.error(name, f"a list out of {', '.join(words)}")
        return value

    def some_words(self, name: str, words: Sequence[str], default: Sequence[str]) -> tuple[str, ...]:
        """Some of some words; where the key is there, at least one."""
        return self.words(name, words, None if self.has(name) else default)

    def path(self, name: str, default: str | None = None) -> str:
        """An absolute path; without a default it must be there."""
        value = self.text(name, default)
        if value != default and not value.startswith("/"):
            raise self.error(name, "an absolute path")
        if not _is_path(value):
            raise self.error(name, f"a path without control characters, of {_PATH_MAX} bytes at most")
        return value

    def absolute_paths(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of absolute paths; without a default there must be at least one."""
        value = self.texts(name, default)
        if not all(each.startswith("/") for each in value):
            raise self.error(name, "a list of absolute paths")
        if not all(map(_is_path, value)):
            raise self.error(name, f"paths without control characters, of {_PATH_MAX} bytes at most")
        return value

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects, at least one."""
        return tuple(
            Fields(each, self.file, self.control, key=self.key, rules_file=self.rules_file)
            for each in self.raw_objects(name)
        )

    def raw_objects(self, name: str) -> tuple[Mapping[str, object], ...]:
        """A list of objects, at least one, to be read later."""
        self._asked.add(name)
        value = self._values.get(name)
        if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
            raise self.error(name, "a list of at least one object")
        return tuple(value)

    def rule_key(self) -> str:
        """The key of the rules that a remediation gives: its own, else the benchmark's."""
        value = self.text("key", self.key)
        if value != self.key and not _KEY.fullmatch(value):
            raise self.error("key", "a key of letters, digits, dots and dashes")
        return value

    def rule_file(self) -> str:
        """The file that a remediation puts rules into: its own, else the benchmark's."""
        value = self.text("rules_file", self.rules_file)
        if value != self.rules_file and not _RULES_FILE.fullmatch(value):
            raise self.error("rules_file", "a file such as /etc/audit/rules.d/site.rules, which augenrules reads")
        return value

    def finish(self) -> None:
        """Complain of a key that nobody asked for: a slip of the pen must not weaken what is wanted."""
        for name in self._values:
            if name not in self._asked:
                raise BenchmarkError(
                    self.file, name, f"only the keys {', '.join(sorted(self._asked))}", repr(name), self.control
                )


def _is_path(text: str) -> bool:
    return not _CONTROL.search(text) and len(text.encode()) <= _PATH_MAX


def _encodes(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a character
        return False
    return True
