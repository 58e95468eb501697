"""Run `auditrules check` to see its verdict, whatever it is: `python3 tools/check.py COMMAND [ARG...]`.

Exits 0 if there was a verdict, else with 1. The command's own exit code tells verdicts apart; here a bad verdict is as
good as a good one, and only no verdict is a failure.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

VERDICTS = {0, 1, 3}  # none fails, some fail, some are unknown


def main(command: Sequence[str]) -> int:
    """Run the command and pass on what it prints."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    # Python ends with 1, too, when a program can't even be imported; but then nothing was printed.
    if done.returncode in VERDICTS and done.stdout.strip():
        return 0
    print(f"no verdict: {' '.join(command)} ended with {done.returncode}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
