"""Parses binfmt_misc: the interpreters that the kernel runs for files that are no native programs.

The kernel executes the interpreter in place of the file, and collects both names (load_misc_binary of
fs/binfmt_misc.c).
"""

from __future__ import annotations

from collections.abc import Mapping

from auditrules.audit.filesystem.path_walk import name
from auditrules.audit.model.host_facts import BinaryFormat

FOLDER = "/proc/sys/fs/binfmt_misc"


def binary_formats(files: Mapping[str, bytes]) -> tuple[BinaryFormat, ...]:
    """The formats in force, from the contents of the folder's files by name."""
    if files.get("status", b"").startswith(b"disabled"):
        return ()
    return tuple(filter(None, map(_binary_format, files.values())))


def _binary_format(content: bytes) -> BinaryFormat | None:
    """One format.

    None if it is disabled, or if its interpreter was opened when it was registered (flag F): such an interpreter is not
    looked up by its name.
    """
    state, *lines = content.decode("utf-8", "surrogateescape").split("\n")
    values = dict(line.partition(" ")[::2] for line in lines if line)
    interpreter = values.get("interpreter", "")
    if state != "enabled" or not interpreter.startswith("/") or "F" in values.get("flags:", ""):
        return None
    return BinaryFormat(interpreter, values.get("extension", ""))


def may_have_format(path: str, found: BinaryFormat) -> bool:
    """Whether a file may have a format, by its name. A format without an extension goes by content: it always may."""
    return not found.extension or name(path).endswith(found.extension)
