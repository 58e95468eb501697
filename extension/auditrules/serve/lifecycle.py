"""Waits for osquery, registers the extension, checks that osquery still lists it, and exits when osquery does."""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Container
from enum import IntEnum

from auditrules.values import dataclass

TYPE_CHECKING = False  # importing typing's would make osquery wait longer for the registration
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

RETRY_PAUSE = 0.1

# After so many failed checks in a row we take osquery for dead. One failure is normal: a query for which osquery drops
# its privileges breaks the manager's connections (osquery issue 5326).
STRIKES = 3

# Seconds for which a predecessor of our name may stay registered: osquery drops a dead one at its next check.
DUPLICATE_WAIT = 10.0
DUPLICATE = "Duplicate extension registered"

_log = logging.getLogger("auditrules")


class Exit(IntEnum):
    """The exit codes of the extension. 2 is argparse's usage error. osquery starts it again after any of them."""

    STOPPED = 0  # asked to: SIGTERM, SIGINT, or osquery's own shutdown call
    NO_SOCKET = 3  # osquery's socket did not answer within --timeout
    REFUSED = 4  # osquery did not take the registration
    OSQUERY_GONE = 5  # it ended, or stopped answering
    DROPPED = 6  # osquery no longer lists us, and never takes us back
    NOT_SERVING = 7  # our own socket could not be made


class UsageError(Exception):
    """The extension was started with a --root or --kernel that it cannot read. The message says what was expected."""


class ExtensionExit(Exception):  # noqa: N818 - not always an error: it may have been asked to stop
    """Ends the extension, with a reason and an exit code."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


class ConnectionFailed(Exception):  # noqa: N818 - the name says what happened
    """osquery did not answer, or sent something that is no answer. The message says why."""


@dataclass(frozen=True, slots=True)
class Registration:
    """osquery's reply to a registration: our id, or None and the reason."""

    uuid: int | None
    message: str


class Core(Protocol):
    """The calls of the extension to osquery. Each raises ConnectionFailed if there is no answer."""

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
        """Set it for good. It takes no lock, so a signal handler may call it."""
        os.write(self._write_end, b"\0")

    def wait(self, seconds: float) -> bool:
        """Wait for at most this many seconds. True: it is set."""
        return bool(select.select([self._read_end], [], [], seconds)[0])


def wait(core: Core, timeout: float, stop: ShutdownEvent) -> None:
    """Wait until osquery answers. Raises ExtensionExit after `timeout` seconds, or when `stop` is set."""
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
    """Register and return our id. Raises ExtensionExit.

    Tries again for `seconds` while a predecessor still holds our name.
    """
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
    """Check osquery every `interval` seconds until `stop` is set. Raises ExtensionExit if osquery has ended.

    osquery drops an extension for one late answer, without a message. So an answer is not enough: it must list our id.
    `parent` is the process that started us.
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
