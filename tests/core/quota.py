"""A process with a share of one processor, as systemd's CPUQuota gives it, and watched as by osquery's watchdog."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PERIOD = 100_000  # microseconds, systemd's
WATCHED = 3.0  # seconds between two looks of the watchdog (osquery/core/watcher.cpp)
MOST_GROWTH = 200.0  # MiB since the first look: watchdog level normal
SHARE = 0.10  # of all processors
PATIENCE = 12.0  # seconds that a process may take more than that in one go

_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def quota(pid: int, percent: int) -> Iterator[str]:
    """Give a process so much of one processor, in a cgroup of its own; the word is the kind of that cgroup.

    Raises OSError where the machine lets nobody make one.
    """
    root, unified = _root()
    group = root / f"auditrules-test-{pid}"
    if unified:
        (root / "cgroup.subtree_control").write_text("+cpu")
    group.mkdir()
    try:
        if unified:
            (group / "cpu.max").write_text(f"{percent * PERIOD // 100} {PERIOD}")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(percent * PERIOD // 100))
        (group / "cgroup.procs").write_text(str(pid))
        yield "v2" if unified else "v1"
        (root / "cgroup.procs").write_text(str(pid))
    finally:
        group.rmdir()


def _root() -> tuple[Path, bool]:
    """Where a cgroup can be made that limits processors, and whether that is v2."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, point, fstype, options, *_ = line.split()
        if fstype == "cgroup2" and "cpu" in Path(point, "cgroup.controllers").read_text(encoding="ascii").split():
            return Path(point), True
        if fstype == "cgroup" and "cpu" in options.split(","):
            return Path(point), False
    raise FileNotFoundError("expected a cgroup with the controller cpu, v2 or v1, found none")


@dataclass
class Watchdog:
    """What osquery's watchdog sees of an extension: milliseconds of CPU at each look, and growth in MiB."""

    pid: int
    spent: list[float] = field(default_factory=list)
    growth: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watchdog:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def kills(self, processors: int) -> bool:
        """Whether it would have ended the process on a machine with so many processors."""
        most = SHARE * processors * WATCHED * 1000
        looks = round(PATIENCE / WATCHED)
        runs = (self.spent[start : start + looks] for start in range(len(self.spent) - looks + 1))
        return self.growth > MOST_GROWTH or any(min(run) > most for run in runs)

    def _watch(self) -> None:
        first, before = self._memory(), self._cpu()
        while not self._stop.wait(WATCHED):
            now = self._cpu()
            self.spent.append(now - before)
            before = now
            self.growth = max(self.growth, self._memory() - first)

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / _TICKS  # utime and stime of proc(5)

    def _memory(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
