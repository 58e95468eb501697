"""Measure `auditrules report` on the logs of a fleet made from a seed: `make bench-report`.

The logs are those of Fleet's filesystem destination, a file a day with the lines of all hosts, each as osqueryd writes
the snapshot of a control. Time is given as wall clock and as CPU of all processes, which a busy machine disturbs less;
memory is the most that all processes had together.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from auditrules.benchmarks import CIS_DOCKER
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.host_facts import HostFacts

START = 1_790_812_800  # 2026-10-01 00:00:00 UTC; in the past, as rows from the future are not judged
A_DAY = 86_400
CHANGES = 0.01
"""Of the verdicts, how many are others than the day before."""

MOST_SECONDS, MOST_MEMORY = 45.0, 2048
MOST_BENT, MOST_AGAIN, MOST_WALL = 1.15, 0.08, 0.1

_EVIDENCE = {
    "pass": "-a always,exit -F arch=b64 -F path={path} -F perm=wxa -F key=docker (/etc/audit/rules.d/docker.rules)",
    "fail": "no rule of the kernel records {path}; not recorded: wa",
    "not_applicable": "nothing at {path}, and nothing is wanted then",
    "unknown": "the rules of the kernel are not known: Operation not permitted",
}
_REMEDIATION = (
    "printf '%s' '-a always,exit -F arch=b64 -F path={path} -F perm=wxa -F key=docker' >> "
    "/etc/audit/rules.d/docker.rules; augenrules --load"
)
_VERDICTS = re.compile(r"(?P<number>[\d,]+) verdicts?, ")
_REASONS = {"pass": "covered", "fail": "no_rule", "not_applicable": "absent", "unknown": "unreadable"}


@dataclass(frozen=True)
class Run:
    """What one run took."""

    wall: float
    cpu: float
    memory: float
    """MiB."""
    verdicts: int


def main() -> int:
    """Print the table; gives 1 where something is slower or larger than promised."""
    parser = argparse.ArgumentParser(prog="python -m bench.report")
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--controls", type=int, default=10)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="auditrules-bench-") as folder:
        runs = _runs(Path(folder), options)
    print(f"{'':30}{'rows':>12}{'wall s':>9}{'CPU s':>9}{'MiB':>8}")
    for what, run in runs.items():
        print(f"{what:30}{run.verdicts:>12,}{run.wall:>9.1f}{run.cpu:>9.1f}{run.memory:>8.0f}")
    small, large, first, again, _ = runs.values()
    checks = (
        ("read and reported, seconds", large.wall, MOST_SECONDS),
        ("memory of all processes, MiB", max(large.memory, first.memory), MOST_MEMORY),
        ("CPU for ten times the hosts, part of ten times the CPU", large.cpu / small.cpu / 10, MOST_BENT),
        ("again from the store, part of the first run's CPU", again.cpu / first.cpu, MOST_AGAIN),
        ("again from the store, part of the first run's wall clock", again.wall / first.wall, MOST_WALL),
    )
    for what, found, most in checks:
        print(f"{what:60}{found:>8.2f}   at most {most:g}{'' if found <= most else '   MISSED'}")
    return int(any(found > most for _, found, most in checks))


def _runs(folder: Path, options: argparse.Namespace) -> dict[str, Run]:
    tenth, whole, store = folder / "tenth", folder / "whole", str(folder / "store")
    write_logs(tenth, options.hosts // 10, options.controls, options.days, options.seed)
    later = write_logs(whole, options.hosts, options.controls, options.days + 1, options.seed)
    aside = later.rename(folder / later.name)  # the day after the others
    size = sum(file.stat().st_size for file in whole.iterdir()) / 1e9
    print(f"{size:.1f} GB of logs, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    until = START + options.days * A_DAY
    runs = {
        "a tenth of the hosts": _run(until, tenth),
        "all hosts": _run(until, whole),
        "all hosts, into a store": _run(until, whole, "--store", store),
        "again from the store": _run(until, whole, "--store", store),
    }
    aside.rename(later)
    return {**runs, "a day later, from the store": _run(until + A_DAY, whole, "--store", store)}


def write_logs(folder: Path, hosts: int, controls: int, days: int, seed: int) -> Path:
    """Write a log a day, as Fleet's filesystem destination does; gives the last."""
    folder.mkdir()
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    wanted = [control for benchmark in CIS_DOCKER for control in benchmark.controls][:controls]
    states = [[_status(chance) for _ in wanted] for _ in range(hosts)]
    offsets = [chance.randrange(A_DAY) for _ in range(hosts)]
    order = sorted(range(hosts), key=offsets.__getitem__)
    for day in range(days):
        path = folder / f"osquery_result-{datetime.fromtimestamp(START + day * A_DAY, timezone.utc):%Y-%m-%d}.log"
        with path.open("w", encoding="utf-8") as log:
            for host in order:
                moment = START + day * A_DAY + offsets[host]
                for place, control in enumerate(wanted):
                    if chance.random() < CHANGES:
                        states[host][place] = _status(chance)
                    log.write(_line(host, moment, control, states[host][place]))
    return path


def _status(chance: random.Random) -> str:
    return chance.choices(("pass", "fail", "not_applicable", "unknown"), (80, 10, 8, 2))[0]


def _line(host: int, moment: int, control: BenchmarkControl, status: str) -> str:
    target = next(iter(control.requirements[0].paths(HostFacts())))
    calendar = time.strftime("%a %b %e %H:%M:%S %Y UTC", time.gmtime(moment))
    query = f"pack/Global/cis_docker_{control.id.replace('.', '_')}_snapshot"
    return (
        f'{{"snapshot":[{{"benchmark":"{control.benchmark}","control":"{control.id}",'
        f'"evidence":"{_EVIDENCE[status].format(path=target)}","level":"{control.level}","next_boot":"{status}",'
        f'"reason":"{_REASONS[status]}","remediation":"{"" if status == "pass" else _REMEDIATION.format(path=target)}",'
        f'"status":"{status}","target":"{target}","title":"{control.title}","version":"{control.version}"}}],'
        f'"action":"snapshot","name":"{query}","hostIdentifier":"host-{host:06}.example.net",'
        f'"calendarTime":"{calendar}","unixTime":{moment},"epoch":0,"counter":0,"numerics":false,'
        f'"decorations":{{"host_uuid":"4c4c4544-0042-4a10-8036-{host:012}","hostname":"host-{host:06}.example.net"}}}}\n'
    )


def _run(until: int, *arguments: str | Path) -> Run:
    """Run the command, and watch what all its processes need together."""
    command = [str(Path(sys.executable).with_name("auditrules")), "report", *map(str, arguments), "--format", "summary"]
    moment = datetime.fromtimestamp(until, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    before, start = _cpu(), time.monotonic()
    with subprocess.Popen([*command, "--until", moment], stdout=subprocess.PIPE, text=True) as process:
        most = [0.0]
        watch = threading.Thread(target=_watch, args=(process, most))
        watch.start()
        summary, _ = process.communicate()
        watch.join()
    if process.returncode:
        raise SystemExit(process.returncode)
    found = _VERDICTS.search(summary)
    return Run(
        time.monotonic() - start, _cpu() - before, most[0], int(found["number"].replace(",", "")) if found else 0
    )


def _cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _watch(process: subprocess.Popen[str], most: list[float]) -> None:
    """Note the most memory that a process and its children have together, shared pages once each."""
    while process.poll() is None:
        most[0] = max(most[0], sum(map(_resident, _family(process.pid))))
        time.sleep(0.25)


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:  # it has just ended
        return
    for child in children:
        yield from _family(int(child))


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:  # it has just ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    sys.exit(main())
