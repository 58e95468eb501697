"""Reads scripts that start the extension with flags. osquery itself passes no flags of ours to it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from auditrules.doctor.facts import NAME, SUFFIX

_OWN_FOLDER = re.compile(r".*(?:dirname|\$\{0%/\*\}).*/")  # the folder of the script, as scripts write it
_ARGUMENTS = re.compile(r"\$(?:[@*]|\{[@*]\})")  # the arguments that osquery gives


def started(path: str, text: str) -> str | None:
    r"""The path of the extension that a script starts; empty if it can't be known, None if it starts none.

    >>> started("/opt/our.ext", '#!/bin/sh\nexec /usr/lib/auditrules.ext --table-prefix our_ "$@"')
    '/usr/lib/auditrules.ext'
    >>> started("/opt/our.ext", '#!/bin/sh\nexec "$(dirname "$0")/auditrules.ext" "$@"')
    '/opt/auditrules.ext'
    """
    if not text.startswith("#!"):
        return None
    for word in _words(text):
        folder, slash, name = word.rpartition("/")
        if not (slash and name.startswith(NAME) and name.endswith(SUFFIX)):
            continue
        if folder.startswith("/") and "$" not in folder:
            return word
        return f"{path.rpartition('/')[0]}/{name}" if _OWN_FOLDER.fullmatch(f"{folder}/") else ""
    return None


def passes_arguments(text: str) -> bool:
    """Whether a script passes its arguments on. Without them the extension does not find osquery."""
    return any(_ARGUMENTS.search(line) for line in _lines(text))


def _words(text: str) -> Iterator[str]:
    for line in _lines(text):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()  # a quotation over several lines
        for word in words:
            name, equals, value = word.partition("=")
            yield value if equals and name.isidentifier() else word


def _lines(text: str) -> Iterator[str]:
    yield from (line for line in text.replace("\\\n", " ").split("\n") if not line.lstrip().startswith("#"))
