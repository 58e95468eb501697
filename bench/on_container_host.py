"""Questions on a busy container host, beside a listing there: ratios of CPU time, which no load disturbs much."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping

from bench.listing import Listing, SetupError
from bench.looks import Look, cpu
from bench.result import Result

COUNT = 400
ROUNDS = 5
OTHERS = {100: (3, None), 1_600: (3, 1.1), 10_000: (1, 1.1)}
"""Other numbers of rules, how often each is tried, and the most that a rule may cost; of few rules the rest is most."""

_PLACES = "rules in kernel, rules.d and audit.rules"


def on_container_host(listing: Listing) -> list[Result]:
    """The rows: a first look, later ones after changes of all kinds, verdicts, and looks at more and fewer rules."""
    processes, greps, rounds = [], [], []
    for _ in range(ROUNDS):
        processes += [_cpu(lambda: listing.once(COUNT)) for _ in range(ROUNDS)]
        greps.append(_cpu(lambda: listing.sixteen_greps(COUNT)))
        rounds.append(_looks(COUNT, "judging"))
    process, grep = statistics.median(processes), statistics.median(greps)
    took = {look: statistics.median(each[look] for each in rounds) for look in Look}
    cold = took[Look.COLD]

    def result(what: str, value: float, rival: float, most: float | None) -> Result:
        return Result(f"CPU of {what}", f"{value:.2f} : {rival:.2f} ms", value / rival, most)

    def row(what: str, look: Look, rival: float, most: float) -> Result:
        return result(what, took[look], rival, most)

    listed, grepped = "one `auditctl -l`", "16 x `auditctl -l \\| grep`"
    return [
        row(f"the first look at {COUNT} {_PLACES} : {listed}", Look.COLD, process, 8),
        row(f"the call after it : {listed}", Look.AGAIN, process, 2),
        row("a call after a container came : the first look", Look.MOUNTED, cold, 0.15),
        row("a call after one line of the files changed : the first look", Look.FILE, cold, 0.5),
        row("a call after one rule of the kernel changed : the first look", Look.KERNEL, cold, 0.5),
        row(f"verdicts of CIS Docker, the first time : {grepped}", Look.VERDICTS, grep, 10),
        row("these after a container went : the first time", Look.VERDICTS_MOUNTED, took[Look.VERDICTS], 0.5),
        row(f"these a minute later : {grepped}", Look.VERDICTS_AGAIN, grep, 1),
        row(f"these at once : {grepped}", Look.VERDICTS_WARM, grep, 0.2),
        row(f"one control at once : {grepped}", Look.CONTROL, grep, 0.2),
        *(
            result(f"a rule at the first look at {count:,} : at {COUNT}", _first(count, times), cold / COUNT, most)
            for count, (times, most) in OTHERS.items()
        ),
    ]


def _first(count: int, times: int) -> float:
    return statistics.median(_looks(count)[Look.COLD] for _ in range(times)) / count


def _looks(count: int, *words: str) -> Mapping[Look, float]:
    command = [sys.executable, "-m", "bench.looks", str(count), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(done.stderr.strip().rpartition("\n")[2])
    return {Look(name): took for name, took in json.loads(done.stdout).items()}


def _cpu(work: Callable[[], object]) -> float:
    before = cpu()
    work()
    return cpu() - before
