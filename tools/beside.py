"""Run two commands at the same time: `tools/beside.py FIRST -- SECOND`. Nothing of what they say is mixed.

What the first one says is shown as it comes, and what the second one says after its end. Fails where either fails.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO


def main(arguments: Sequence[str]) -> int:
    """Run both; the exit code, or the signal, that the first of them failed with, 0, or 2 where there are not two."""
    place = arguments.index("--") if "--" in arguments else 0
    commands = (arguments[:place], arguments[place + 1 :])
    if not all(commands):
        print("usage: beside.py FIRST -- SECOND", file=sys.stderr)
        return 2
    colored = {"PY_COLORS": "1"} if sys.stdout.isatty() else {}  # which pytest can't see behind a pipe
    processes: list[subprocess.Popen[bytes]] = []
    told: list[int] = []

    def end(number: int, _frame: object = None) -> None:
        told.append(number)
        for process in processes:
            process.terminate()

    signal.signal(signal.SIGTERM, end)
    surroundings = {**os.environ, **colored}
    processes.extend(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0, env=surroundings)
        for command in commands
    )
    if told:  # while one of them began
        end(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells them, too, and they end in their own ways
    for process in processes:
        _pass_on(process.stdout)
        process.wait()
    return next((abs(process.returncode) for process in processes if process.returncode), 0)


def _pass_on(said: IO[bytes] | None) -> None:
    while said and (part := said.read(1 << 16)):
        sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
