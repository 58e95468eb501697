"""How the extension lives beside osquery: waits for it, registers, keeps an eye on it, and leaves when it leaves."""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Container
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

RETRY_PAUSE = 0.1

# Failed checks in a row after which osquery is taken for dead. One is normal: a query that changes osquery's
# privileges breaks the manager's connections (osquery issue 5326).
STRIKES = 3

# Seconds for which a predecessor of our name may stay registered: osquery drops a dead one at its next check.
DUPLICATE_PATIENCE = 10.0
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


class Ended(Exception):  # noqa: N818 - an end, of which one kind is good
    """The reason to leave, and the exit code that goes with it."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


class NoAnswer(Exception):  # noqa: N818 - the name says what happened
    """osquery did not answer, or with something that is no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Registration:
    """osquery's word on a registration: an id, or None and why not."""

    uuid: int | None
    message: str


class Core(Protocol):
    """What the extension asks of osquery. Each call raises `NoAnswer` where none comes."""

    def ping(self) -> None:
        """Ask for a sign of life."""

    def register(self) -> Registration:
        """Offer our tables."""

    def extensions(self) -> Container[int]:
        """Ask for the ids of the extensions that osquery knows."""


class Bell:
    """Wakes the main thread: rung by signals and by osquery's shutdown call, heard in every pause."""

    def __init__(self) -> None:
        self._ear, self._clapper = os.pipe()

    def ring(self) -> None:
        """Ring once and for all. Takes no lock, so that a signal handler may call it."""
        os.write(self._clapper, b"\0")

    def rings_within(self, seconds: float) -> bool:
        """Wait so long at most, and tell whether it has rung by then."""
        return bool(select.select([self._ear], [], [], seconds)[0])


def wait(core: Core, timeout: float, bell: Bell) -> None:
    """Return when osquery answers; raise `Ended` if it does not within the timeout (seconds), or the bell rings."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            core.ping()
        except NoAnswer as error:
            if time.monotonic() >= deadline:
                raise Ended(Exit.NO_SOCKET, f"osquery did not answer within {timeout:g} s: {error}") from error
            _log.debug("osquery does not answer yet: %s", error)
        else:
            return
        _pause(bell)


def register(core: Core, patience: float, bell: Bell) -> int:
    """Register and return our id, trying again for so long (seconds) while a predecessor's name stands in the way."""
    deadline = time.monotonic() + patience
    while True:
        try:
            registration = core.register()
        except NoAnswer as error:
            raise Ended(Exit.OSQUERY_GONE, f"osquery broke off the registration: {error}") from error
        if registration.uuid is not None:
            return registration.uuid
        if registration.message != DUPLICATE or time.monotonic() >= deadline:
            raise Ended(Exit.REFUSED, f"osquery refused the registration: {registration.message}")
        _pause(bell)


def watch(core: Core, uuid: int, interval: float, parent: int, bell: Bell) -> None:
    """Return when the bell rings; raise `Ended` when there is no osquery left to serve.

    Looks every `interval` seconds. osquery drops an extension for one late answer and says nothing, so an answer is not
    enough: our id has to be in it. `parent` is the process that started us.
    """
    strikes = 0
    while not bell.rings_within(max(interval, RETRY_PAUSE)):
        if os.getppid() != parent:
            raise Ended(Exit.OSQUERY_GONE, "the process that started the extension has ended")
        try:
            known = core.extensions()
        except NoAnswer as error:
            strikes += 1
            _log.debug("check %d of osquery failed: %s", strikes, error)
            if strikes == STRIKES:
                raise Ended(Exit.OSQUERY_GONE, f"osquery did not answer {STRIKES} times in a row: {error}") from error
            continue
        strikes = 0
        if uuid not in known:
            raise Ended(Exit.DROPPED, f"osquery dropped extension {uuid} (this one), as it does after one late answer")


def _pause(bell: Bell) -> None:
    if bell.rings_within(RETRY_PAUSE):
        raise Ended(Exit.STOPPED, "asked to stop before the registration")
