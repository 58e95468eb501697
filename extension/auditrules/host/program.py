"""Runs a program that may hang, print without end, or fail to start. The result is always a `Run`."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from auditrules.audit.model.collected import Run, RunFailure
from auditrules.values import dataclass, field

_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_CHUNK = 1 << 16
_REAP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Deadline:
    """A number of seconds from now, for one run or for several that share it."""

    seconds: float
    start: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds that are left, never below 0."""
        return max(self.start + self.seconds - time.monotonic(), 0.0)


def run(programs: Sequence[str], options: Sequence[str], deadline: Deadline, limit: int) -> Run:
    """Run the first of these programs (absolute paths) that exists. Never raises an Exception.

    The program gets no input, a fixed environment and no shell. When the time is up, or it prints more than `limit`
    bytes, it is killed with all that it started in its session. Its output is then dropped, so that nobody takes a
    part of it for the whole.
    """
    program = next(filter(os.path.exists, programs), None)
    if program is None:
        return Run((programs[0], *options), failure=RunFailure.MISSING, detail=f"no {' and no '.join(programs)}")
    command = (program, *options)
    if not deadline.left:
        detail = f"not run: the {deadline.seconds:g} s for all runs are used up"
        return Run(command, failure=RunFailure.TIMED_OUT, detail=detail)
    try:
        process = subprocess.Popen(  # noqa: S603 (a fixed path, no shell)
            command,
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=_ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        return Run(command, failure=RunFailure.NOT_STARTED, detail=error.strerror or str(error))
    try:
        stdout, stderr = _output(process, deadline, limit)
        returncode = process.wait(deadline.left)
    except subprocess.TimeoutExpired:
        return Run(command, failure=RunFailure.TIMED_OUT, detail=f"no end within {deadline.seconds:g} s")
    except _TooLongError:
        return Run(command, failure=RunFailure.TOO_LONG, detail=f"more than {limit} bytes of output")
    finally:
        _end(process)
    return Run(command, returncode, stdout, stderr)


class _TooLongError(Exception):
    """A program printed more than the limit."""


def _output(process: subprocess.Popen[bytes], deadline: Deadline, limit: int) -> tuple[bytes, bytes]:
    """Read both streams to their ends. Raises TimeoutExpired or _TooLongError."""
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, content in ((process.stdout, stdout), (process.stderr, stderr)):
            if stream:
                selector.register(stream, selectors.EVENT_READ, content)
        while selector.get_map():
            left = deadline.left
            ready = selector.select(left) if left else []
            if not ready:
                raise subprocess.TimeoutExpired(process.args, deadline.seconds)
            for key, _ in ready:
                chunk = os.read(key.fd, min(_CHUNK, limit + 1))
                limit -= len(chunk)
                if limit < 0:
                    raise _TooLongError
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
    return bytes(stdout), bytes(stderr)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the processes that still run, and close the pipes."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # the kernel may hold it in a call that nothing interrupts
            process.wait(_REAP_SECONDS)
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
