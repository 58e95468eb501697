"""The command line as whole processes, from exec to exit: what they take of the CPU."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.result import Result
from bench.rulesets import lines
from tools.release import archive

ROUNDS = 15
RULES = 16


def commands(folder: Path, python: str, extension: Sequence[str]) -> list[Result]:
    """`auditrules --version` of the installed file on its Python, and `auditrules check` of a saved listing.

    What checks needs apsw, so it runs on the Python of this program.
    """
    link = folder / "auditrules"  # the name decides what the file is
    link.symlink_to(extension[-1])
    judging = folder / "judging" / "auditrules"
    judging.parent.mkdir()
    judging.write_bytes(archive.build({f"{sys.version_info[0]}.{sys.version_info[1]}": Path(sys.executable)}))
    saved = folder / "saved"
    saved.write_text("".join(f"{line}\n" for line in lines(RULES)), encoding="ascii")
    started, nothing, check = _cpu_times(
        [python, "-I", str(link), "--version"],
        [python, "-I", "-c", "pass"],
        [sys.executable, "-I", str(judging), "check", "--kernel", str(saved)],
    )
    return [
        Result(
            "CPU of `auditrules --version`, exec to exit : `python3 -I -c pass`",
            f"{started:.1f} : {nothing:.1f} ms",
            started / nothing,
            3,
        ),
        Result(f"CPU of `auditrules check` of {RULES} rules, exec to exit, in ms", f"{check:.0f} ms", check, 350),
        Result("the same : `python3 -I -c pass`", f"{check:.0f} : {nothing:.1f} ms", check / nothing),
    ]


def _cpu_times(*commands: Sequence[str]) -> list[float]:
    """The medians in milliseconds, user and system; the commands take turns, and the first round does not count."""
    times = [[_cpu(command) for command in commands] for _ in range(ROUNDS + 1)][1:]
    return [statistics.median(column) * 1000 for column in zip(*times, strict=True)]


def _cpu(command: Sequence[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
