"""Waits for osquery, registers the extension, checks that osquery still lists it, and exits when osquery does."""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Container
from enum import IntEnum

from auditrules.values import dataclass

TYPE_CHECKING = False  # typing's own takes importing it, which osquery would wait for
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

RETRY_PAUSE = 0.1

# Failed checks in a row after which osquery is taken for dead. One is normal: a query that changes osquery's
# privileges breaks the manager's connections (osquery issue 5326).
STRIKES = 3

# Seconds for which a predecessor of our name may stay registered: osquery drops a dead one at its next check.
DUPLICATE_WAIT = 10.0
DUPLICATE = "Duplicate extension registered"

_log = logging.getLogger("auditrules")


class Exit(IntEnum):
    """How the extension ends. 2 is a usage error, as argparse has it; osquery starts it again after any of them."""

    STOPPED = 0  # asked to: SIGTERM, SIGINT, or osquery's own shutdown call
    NO_SOCKET = 3  # osquery's socket did not answer within --timeout
    REFUSED = 4  # osquery did not take the registration
    OSQUERY_GONE = 5  # it ended, or stopped answering
    DROPPED = 6  # osquery no longer lists us, and never takes us back
    NOT_SERVING = 7  # our own socket could not be made


class UsageError(Exception):
    """The extension was started with something that it cannot serve; the message says what was expected."""


class ExtensionExit(Exception):  # noqa: N818 - not always an error: it may have been asked to stop
    """Ends the extension, with a reason and an exit code."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


class ConnectionFailed(Exception):  # noqa: N818 - the name says what happened
    """osquery did not answer, or what it sent is no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Registration:
    """osquery's reply to a registration: an id, or None and why not."""

    uuid: int | None
    message: str


class Core(Protocol):
    """What the extension asks of osquery. Each call raises `ConnectionFailed` if there is no answer."""

    def ping(self) -> None:
        """Check that osquery answers."""

    def register(self) -> Registration:
        """Register our tables."""

    def extensions(self) -> Container[int]:
        """Ask for the ids of the extensions that osquery knows."""


class ShutdownEvent:
    """Wakes the main thread from any pause; set by signals and by osquery's shutdown call."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()

    def set(self) -> None:
        """Set it for good. Takes no lock, so that a signal handler may call it."""
        os.write(self._write_end, b"\0")

    def wait(self, seconds: float) -> bool:
        """Wait for at most so many seconds, and say whether it is set."""
        return bool(select.select([self._read_end], [], [], seconds)[0])


def wait(core: Core, timeout: float, stop: ShutdownEvent) -> None:
    """Return when osquery answers; raise `ExtensionExit` if it does not within `timeout` seconds, or `stop` is set."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            core.ping()
        except ConnectionFailed as error:
            if time.monotonic() >= deadline:
                raise ExtensionExit(Exit.NO_SOCKET, f"osquery did not answer within {timeout:g} s: {error}") from error
            _log.debug("osquery does not answer yet: %s", error)
        else:
            return
        _pause(stop)


def register(core: Core, seconds: float, stop: ShutdownEvent) -> int:
    """Register and return our id; try again for so many `seconds` while a predecessor still holds our name."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            registration = core.register()
        except ConnectionFailed as error:
            raise ExtensionExit(Exit.OSQUERY_GONE, f"osquery broke off the registration: {error}") from error
        if registration.uuid is not None:
            return registration.uuid
        if registration.message != DUPLICATE or time.monotonic() >= deadline:
            raise ExtensionExit(Exit.REFUSED, f"osquery refused the registration: {registration.message}")
        _pause(stop)


def watch(core: Core, uuid: int, interval: float, parent: int, stop: ShutdownEvent) -> None:
    """Return when `stop` is set; raise `ExtensionExit` when there is no osquery left to serve.

    Checks every `interval` seconds. osquery drops an extension for one late answer without a message, so an answer is
    not enough: our id has to be in it. `parent` is the process that started us.
    """
    strikes = 0
    while not stop.wait(max(interval, RETRY_PAUSE)):
        if os.getppid() != parent:
            raise ExtensionExit(Exit.OSQUERY_GONE, "the process that started the extension has ended")
        try:
            known = core.extensions()
        except ConnectionFailed as error:
            strikes += 1
            _log.debug("check %d of osquery failed: %s", strikes, error)
            if strikes == STRIKES:
                raise ExtensionExit(
                    Exit.OSQUERY_GONE, f"osquery did not answer {STRIKES} times in a row: {error}"
                ) from error
            continue
        strikes = 0
        if uuid not in known:
            raise ExtensionExit(
                Exit.DROPPED, f"osquery dropped extension {uuid} (this one), as it does after one late answer"
            )


def _pause(stop: ShutdownEvent) -> None:
    if stop.wait(RETRY_PAUSE):
        raise ExtensionExit(Exit.STOPPED, "asked to stop before the registration")
