"""Writes YAML: lists and objects of text, numbers and booleans, as people write them.

Whatever a text holds, a reader gets it back: what is not plain is in double quotes, with escapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

YamlValue = str | bool | int | Sequence["YamlValue"] | Mapping[str, "YamlValue"]

# Letters first, and nothing that means something to YAML: no colon, quote, hash, bracket or other indicator.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 ,./()_+-]*[A-Za-z0-9.)/_+-]|[A-Za-z]")
_WORDS = re.compile(r"true|false|yes|no|on|off|null|y|n", re.IGNORECASE)  # which a reader may not take for text
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_STEP = "  "


def documents(values: Sequence[YamlValue]) -> str:
    """Several documents, as `kubectl` and `fleetctl apply` take them."""
    return "".join(f"---\n{document(value)}" for value in values)


def document(value: YamlValue) -> str:
    """One document, ended by a newline."""
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
    """An item of a list: an object begins on the line of its dash."""
    if isinstance(value, str | bool | int) or not value:
        yield f"{indent}- {_flat(value)}"
        return
    first, *others = _lines(value, indent + _STEP)
    yield f"{indent}- {first[len(indent) + len(_STEP) :]}"
    yield from others


def _is_block(text: str) -> bool:
    """Whether a text can stand on lines of its own: printable, and with nothing at its edges that YAML would drop."""
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
