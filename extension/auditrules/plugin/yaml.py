"""Writes YAML in the style of people: lists and objects of text, numbers and booleans.

A reader gets every text back as it was. Texts that are not plain are in double quotes, with escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

YamlValue = str | bool | int | Sequence["YamlValue"] | Mapping[str, "YamlValue"]

# It begins with a letter, and has no character that means something in YAML, as colon, quote, hash and bracket do.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 ,./()_+-]*[A-Za-z0-9.)/_+-]|[A-Za-z]")
_WORDS = re.compile(r"true|false|yes|no|on|off|null|y|n", re.IGNORECASE)  # a reader may not take them for text
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_STEP = "  "


def documents(values: Sequence[YamlValue]) -> str:
    """Write several documents into one text, as `kubectl` and `fleetctl apply` read them."""
    return "".join(f"---\n{document(value)}" for value in values)


def document(value: YamlValue) -> str:
    """Write one document, with a newline at the end."""
    return "".join(f"{line}\n" if line else "\n" for line in _lines(value, ""))


def _lines(value: YamlValue, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _entry(f"{indent}{_scalar(key)}:", each, indent)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for each in value:
            yield from _item(each, indent)
    else:
        yield f"{indent}{_flat(value)}"


def _entry(key: str, value: YamlValue, indent: str) -> Iterator[str]:
    if isinstance(value, str) and _is_block(value):
        yield f"{key} {'|' if value.endswith(chr(10)) else '|-'}"
        yield from (f"{indent}{_STEP}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    elif isinstance(value, str | bool | int) or not value:
        yield f"{key} {_flat(value)}"
    else:
        yield key
        yield from _lines(value, indent + _STEP)


def _item(value: YamlValue, indent: str) -> Iterator[str]:
    """Write an item of a list. An object begins on the line of its dash."""
    if isinstance(value, str | bool | int) or not value:
        yield f"{indent}- {_flat(value)}"
        return
    first, *others = _lines(value, indent + _STEP)
    yield f"{indent}- {first[len(indent) + len(_STEP) :]}"
    yield from others


def _is_block(text: str) -> bool:
    """Whether a text can be a block of lines: it is printable, and YAML would drop no spaces at its edges."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and all(line.isprintable() and line == line.rstrip() for line in lines)
        and bool(lines[0])
        and lines[0] == lines[0].lstrip()
        and bool(lines[-1])
    )


def _flat(value: YamlValue) -> str:
    if isinstance(value, str):
        return _scalar(value)
    return json.dumps(value)


def _scalar(text: str) -> str:
    if _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return char if char.isprintable() else f"\\U{ord(char):08x}"
