"""The rules that controls need on a host, and the proof that they meet them: judged as if boot loaded these files."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

from auditrules.audit.model.collected import TriedRulesText
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.needs import needs
from auditrules.audit.rule_sets import BOOT
from auditrules.authoring.rules_files import MadeRules, PrescribedLine, made_rules
from auditrules.authoring.tried_rules import TriedRules
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.requirement import Judged
from auditrules.cli.what_if import WhatIfHost
from auditrules.host import Collector, KeptHost
from auditrules.status import Status
from auditrules.tables.judging import HostJudge
from auditrules.values import replace

# The kinds of requirements that rules meet.
OF_RULES = frozenset({"path", "syscall", "privileged_command", "rule_option"})
NO_RULES = TriedRulesText(b"\n", ("",))
MOST_ROUNDS = 3  # of asking what is prescribed: a line may be needed only where another one is there
_ACTS = (Status.FAIL, Status.UNKNOWN)


def host_with(host: Collector, machine: str = "", text: TriedRulesText = NO_RULES) -> KeptHost:
    """A host as it would be if boot loaded a text."""
    return KeptHost(WhatIfHost(host, machine=machine, text=text), time.monotonic, math.inf)


def _judged(
    controls: Sequence[BenchmarkControl], host: Collector, machine: str, text: TriedRulesText
) -> Iterator[tuple[BenchmarkControl, list[Judged]]]:
    """The requirements of controls that rules meet, judged as if boot loaded a text."""
    found = HostJudge(host_with(host, machine, text), at_boot=True).judged(controls)
    for control in controls:
        yield control, [each for each in found[control.key][BOOT] if each.kind in OF_RULES]


def proved_rules(controls: Sequence[BenchmarkControl], host: Collector, facts: Facts) -> tuple[MadeRules, list[str]]:
    """The files that the controls need, and the controls that they do not meet, judged with these very files."""
    names = {each.key: f"{each.benchmark} {each.version} {each.id}" for each in controls}
    benchmarks = ", ".join(dict.fromkeys(f"{each.benchmark} {each.version}" for each in controls))
    prescribed: dict[tuple[str, str], PrescribedLine] = {}
    made = made_rules((), facts, f" for {benchmarks}")
    text = NO_RULES
    for _ in range(MOST_ROUNDS):
        judged = list(_judged(controls, host, facts.machine, text))
        known = len(prescribed)
        for control, found in judged:
            for line in (line for each in found if each.status in _ACTS for line in each.remedy.lines):
                one = PrescribedLine(line, _short(control), (names[control.key],))
                prescribed.setdefault((line, names[control.key]), one)
        if len(prescribed) == known:
            break
        lines = tuple(prescribed.values())
        wanted = needs(each.line.encode("utf-8", "surrogateescape") for each in lines)
        facts = replace(facts, files={**facts.files, **host.look(wanted.paths)})
        made = made_rules(lines, facts, f" for {benchmarks}")
        text = TriedRules([made.given], facts).text
    else:
        judged = list(_judged(controls, host, facts.machine, text))
    failing = [
        f"{names[control.key]}: {each.subject}: {each.status.value} ({each.reason})"
        for control, found in judged
        for each in found
        if each.status in _ACTS
    ]
    return made, failing


def _short(control: BenchmarkControl) -> str:
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in control.benchmark.lower()).split()
    return "-".join(word for word in words if word not in ("benchmark", "linux", "lts"))
