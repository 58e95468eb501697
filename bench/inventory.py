"""The search for privileged programs beside find(1), over the same files: what it costs of the processor."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditrules.benchmarks.privileged_programs import SearchState
from auditrules.host.limits import SearchLimits
from auditrules.host.program_search import ProgramSearch
from bench.listing import SetupError

FILES = 300_000
FOLDER = 10  # files in each folder
EXECUTABLE = 0.2  # share of the files: on a Debian with developers' tools it is 0.1, on RHEL each library is one
PRIVILEGED = 60


@contextmanager
def tree() -> Iterator[Path]:
    """A folder with so many files, three folders deep, made from a seed."""
    seeded = random.Random(1)  # noqa: S311 - nothing is kept secret with it
    with tempfile.TemporaryDirectory(prefix="auditrules-bench") as name:
        for number in range(FILES // FOLDER):
            folder = Path(name, str(number % 30), str(number % 900), str(number))
            folder.mkdir(parents=True)
            for file in range(FOLDER):
                mode = 0o755 if seeded.random() < EXECUTABLE else 0o644
                os.close(os.open(folder / f"name{file}.suffix", os.O_CREAT | os.O_WRONLY, mode))
            if number < PRIVILEGED:
                (folder / "name0.suffix").chmod(0o4755)
        yield Path(name)


def ours(root: Path) -> float:
    """Seconds of CPU of the search, in the thread that makes it."""
    before = time.thread_time()
    found = ProgramSearch(str(root), SearchLimits(), here=False).run()
    took = time.thread_time() - before
    if (found.state, len(found.programs)) != (SearchState.COMPLETE, PRIVILEGED):
        raise SetupError(f"expected {PRIVILEGED} programs, found {len(found.programs)}: {found.state.value}")
    return took


def finds(root: Path) -> float:
    """Seconds of CPU of find(1), its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ("find", str(root), "-xdev", "-type", "f", "-perm", "/6000")
    found = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if len(found) != PRIVILEGED:
        raise SetupError(f"expected {PRIVILEGED} files from find, found {len(found)}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
