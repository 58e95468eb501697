"""Looks up users and groups by name: in /etc/passwd and /etc/group, and on this machine through its name service."""

from __future__ import annotations

import grp
import pwd
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from threading import Thread
from types import MappingProxyType

from auditrules.audit.model.text import decode

_ID = 2  # the field of the id, in passwd(5) and group(5) alike
_NUMBER = re.compile(rb"\d{1,10}")
_IDS = range(1 << 32)  # the C library skips a line whose id is beyond


@lru_cache(2)  # the two files stay from one collection to the next
def ids(content: bytes) -> Mapping[str, int]:
    """Parse /etc/passwd or /etc/group into the ids by name. The first line of a name counts, as for getpwnam(3)."""
    found: dict[str, int] = {}
    for line in content.split(b"\n"):
        name, *others = line.split(b":")
        if len(others) < _ID or name.startswith(b"#") or _NUMBER.fullmatch(others[_ID - 1]) is None:
            continue
        number = int(others[_ID - 1])
        if number in _IDS:
            found.setdefault(decode(name), number)
    return MappingProxyType(found)


def user_id(name: str) -> int:
    """Ask this machine's name service for a user. Raises KeyError."""
    return pwd.getpwnam(name).pw_uid


def group_id(name: str) -> int:
    """Ask this machine's name service for a group. Raises KeyError."""
    return grp.getgrnam(name).gr_gid


class NameService:
    """A name service that may hang, for example because a directory server is down. It is given `seconds` to answer.

    A call that hangs cannot be ended, so it stays in its thread, and no other call is made until it ends.
    """

    def __init__(self, ask: Callable[[str], int], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._thread: Thread | None = None

    def ids(self, names: Iterable[str]) -> dict[str, int] | None:
        """Look up the ids of the names that the service knows. None: it did not answer in time, or can't be asked.

        Python can't ask for a name that the locale of this process cannot encode.
        """
        wanted = sorted(names)
        if not wanted:
            return {}
        if self._thread is not None and self._thread.is_alive():
            return None
        found: dict[str, int] = {}
        asked: list[str] = []

        def look_up() -> None:
            with suppress(UnicodeEncodeError):  # then not all are asked
                for name in wanted:
                    with suppress(KeyError):  # no such name
                        found[name] = self._ask(name)
                    asked.append(name)

        self._thread = Thread(target=look_up, name="name service", daemon=True)
        self._thread.start()
        self._thread.join(self._seconds)
        return None if self._thread.is_alive() or asked != wanted else found
