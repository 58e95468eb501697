"""Run `auditrules check` to see its verdict, whatever it is: `python3 tools/check.py COMMAND [ARG...]`.

Exits 0 if there was a verdict, else with 1. The command's own exit code tells verdicts apart; here a bad verdict is as
good as a good one, and only no verdict is a failure. If no control applies here, it judges the example host, too.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

EXAMPLE = Path(__file__).parent / "example_host"
HEADLINE = """
No control of these benchmarks applies to this host. This is how a host with Docker looks: the files in
{folder}, which ship with the project, and not this host.

"""
NOTHING_APPLIES = b"\n0 fail, 0 unknown, 0 pass, "

VERDICTS = {0, 1, 3}  # none fails, some fail, some are unknown


def main(command: Sequence[str]) -> int:
    """Run the command and pass on what it prints."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    sys.stdout.buffer.write(done.stdout)
    sys.stdout.flush()
    # Python ends with 1, too, when a program can't even be imported; but then nothing was printed.
    if done.returncode in VERDICTS and done.stdout.strip():
        if NOTHING_APPLIES in done.stdout:
            _show_example(command)
        return 0
    print(f"no verdict: {' '.join(command)} ended with {done.returncode}", file=sys.stderr)
    return 1


def _show_example(command: Sequence[str]) -> None:
    """Judge two controls of the example host: one passes, one fails."""
    print(HEADLINE.format(folder=EXAMPLE.relative_to(EXAMPLE.parents[1])), end="", flush=True)
    options = ["--root", str(EXAMPLE), "--kernel", str(EXAMPLE / "auditctl.txt")]
    controls = ["--benchmark", "cis-docker", "--control", "1.1.3", "--control", "1.1.6"]
    subprocess.run([*command, *options, *controls], stdin=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
