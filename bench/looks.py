"""What questions to a running extension cost on a busy container host, in ms of CPU: `python -m bench.looks N [WORD]`.

N rules stand in the kernel, in rules.d and in audit.rules. It prints what each question took as JSON; the process is a
new one, so that the first is cold. Between two questions the clock goes on by more than a snapshot's age. With a second
argument verdicts are asked for, too.
"""

from __future__ import annotations

import gc
import itertools
import json
import resource
import struct
import sys
import time
from collections.abc import Mapping
from enum import Enum

from auditrules.audit.kernel.netlink import AUDIT_LIST_RULES, Reply
from auditrules.audit.model.collected import Netlink
from auditrules.benchmarks import CIS_DOCKER
from auditrules.host import Host, KeptHost
from auditrules.host.program import Deadline
from auditrules.plugin.table import Table, select
from auditrules.serve.backing import spare_collector
from auditrules.serve.splice import Splicer
from auditrules.tables import build
from bench.container_host import ContainerHost
from bench.rulesets import payloads
from tests.core.stressed import STATUS

SETTLED = 2.1  # seconds after which a folder that is as it was has not been changed meanwhile
CHANGED = "-w /etc/changed -p wa -k changed"


class Look(str, Enum):
    """A question, and what happened before it."""

    COLD = "cold"
    AGAIN = "again"
    MOUNTED = "mounted"
    FILE = "file"
    KERNEL = "kernel"
    VERDICTS = "verdicts cold"
    VERDICTS_AGAIN = "verdicts again"
    VERDICTS_WARM = "verdicts warm"
    VERDICTS_MOUNTED = "verdicts mounted"
    CONTROL = "control warm"


class Kernel:
    """A kernel that tells these rules, each as a message of its own."""

    def __init__(self, rules: list[str]) -> None:
        self.payloads = payloads(rules)
        self._header = struct.Struct("=IHHII")

    def ask(self, _deadline: Deadline, known: tuple[bytes, ...]) -> Netlink:
        """Answer as the kernel does."""
        reply = Reply(AUDIT_LIST_RULES, 1, known)
        for each in self.payloads:
            reply.take(self._header.pack(self._header.size + len(each), AUDIT_LIST_RULES, 0, 1, 0) + each)
        return Netlink(tuple(reply.payloads), STATUS)


def cpu() -> float:
    """CPU time of this process and its children so far, in milliseconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1000 * sum(each.ru_utime + each.ru_stime for each in used)


def constraints(**operands: str) -> str:
    """A context with equalities, as osquery sends it."""
    terms = [
        {"name": name, "affinity": "TEXT", "list": [{"op": 2, "expr": operand}]} for name, operand in operands.items()
    ]
    return json.dumps({"constraints": terms})


def answered(table: Table, context: str) -> None:
    """Ask a table, and write the answer as it is sent."""
    found = select(table, {"action": "generate", "context": context})
    if found.code or not found.rows:
        raise RuntimeError(found.message)
    for _ in Splicer(table.schema).chunks(found.rows, found.columns):
        pass


def looks(count: int, *, judging: bool) -> Mapping[Look, float]:
    """Ask one question after the other; raises SetupError where the machine gives no mount namespace."""
    host = ContainerHost(count)
    kernel = Kernel(host.lines)
    ticks = itertools.count()
    seconds = [0.0]
    made = build(KeptHost(Host(kernel="netlink", ask=kernel.ask), lambda: seconds[0] + next(ticks) * 1e-6))
    tables = {table.schema.name: table for table in made}
    benchmark = CIS_DOCKER[0]
    of_benchmark = {"benchmark": benchmark.name, "version": benchmark.version}
    gc.collect()
    spare_collector()  # as the extension does once it has registered
    found: dict[Look, float] = {}

    def took(look: Look, name: str = "audit_rules", context: str = "{}", *, later: float = 60.0) -> None:
        seconds[0] += later
        before = cpu()
        answered(tables[name], context)
        found[look] = cpu() - before

    def verdicts(look: Look, *, later: float = 60.0, **control: str) -> None:
        took(look, "audit_verdicts", constraints(**of_benchmark, **control), later=later)

    time.sleep(SETTLED)
    took(Look.COLD)
    took(Look.AGAIN)
    host.start_container(10_000)
    took(Look.MOUNTED)
    rules = [*host.lines[:-1], CHANGED]
    host.load(rules)
    took(Look.FILE)
    kernel.payloads = payloads(rules)
    took(Look.KERNEL)
    if not judging:
        return found
    verdicts(Look.VERDICTS)
    verdicts(Look.VERDICTS_AGAIN)
    verdicts(Look.VERDICTS_WARM, later=0.0)
    host.stop_container(10_000)
    verdicts(Look.VERDICTS_MOUNTED)
    verdicts(Look.CONTROL, control=benchmark.controls[0].id)
    verdicts(Look.CONTROL, control=benchmark.controls[0].id, later=0.0)
    return found


if __name__ == "__main__":
    judging = len(sys.argv) > 2  # noqa: PLR2004 - behind the program's name and the number
    print(json.dumps({look.value: took for look, took in looks(int(sys.argv[1]), judging=judging).items()}))
