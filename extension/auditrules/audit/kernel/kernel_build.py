"""Reads from a kernel's build configuration whether it runs x32 programs, and finds the newest installed kernel."""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditrules.audit.constants.kernel_releases import release_of

_OPTION = re.compile(rb"\n(CONFIG_X86_X32(?:_ABI|_DISABLED)?)=y(?=\n|\Z)")  # begun so it is found at C's speed
_TURNED_ON = re.compile(r"(?:^|\s)syscall\.x32=(?:[yYtT1]|[oO][nN])")


def runs_x32(config: bytes | None, machine: str, cmdline: str) -> bool | None:
    """Whether a kernel runs x32 programs, by its configuration; None if that is not known.

    CONFIG_X86_X32_ABI was CONFIG_X86_X32 before Linux 5.19. Debian builds it in, but disables it
    (CONFIG_X86_X32_DISABLED) unless the command line has `syscall.x32=y`. A text that ends within a line was cut short:
    an option that it lacks is not known.
    """
    if machine != "x86_64":
        return False
    text = config or b""
    options = set(_OPTION.findall(b"\n" + text))
    whole = text.endswith(b"\n")
    if not options & {b"CONFIG_X86_X32", b"CONFIG_X86_X32_ABI"}:
        return False if whole else None
    if _TURNED_ON.search(cmdline) is not None:
        return True
    return b"CONFIG_X86_X32_DISABLED" not in options and (True if whole else None)


def newest_release(names: Iterable[str]) -> str:
    """The newest release among the folder names of `/lib/modules`; empty if there is none."""
    releases = [name for name in names if release_of(name) is not None]
    return max(releases, key=_numbers, default="")


def _numbers(release: str) -> tuple[tuple[int, ...], str]:
    return tuple(int(each) for each in re.findall(r"\d{1,9}", release)[:6]), release
