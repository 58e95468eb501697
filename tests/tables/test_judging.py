"""Controls that are judged together come to what each comes to where it is judged alone, on a host of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from auditrules.audit.boot.load import load_rules
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.needs import needs
from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.prescribed import prescribed
from auditrules.benchmarks.requirement import Fact
from auditrules.tables.judging import HostJudge
from tests.audit.file_trees import looked_at
from tests.fixtures.audited import FACTS, audited, text

NEWEST = {each.short_name: each for each in BENCHMARKS}
EVERY = [control for benchmark in NEWEST.values() for control in benchmark.controls]
SOME = [control for name in ("cis-docker", "stig-rhel-9") for control in NEWEST[name].controls][::2]


def rules(controls: Iterable[BenchmarkControl]) -> list[str]:
    """Half of the rules that controls prescribe and that the host takes."""
    lines = [*{line: None for control in controls for remedy in prescribed(control) for line in remedy.lines}][::2]
    there = looked_at(FACTS, needs([text(lines)]).paths)
    refused = {number for number, _ in load_rules(text(lines), there, go_on=True).refused}
    return [line for number, line in enumerate(lines, 1) if number not in refused and line.startswith("-")]


@dataclass
class Given:
    """A host that was collected, from which nothing is derived yet."""

    sources: Sources
    facts_of: HostFacts
    files: Mapping[str, Entry]
    _audit: list[HostAudit] = field(default_factory=list)

    def audit(self) -> HostAudit:
        if not self._audit:
            self._audit.append(HostAudit(self.sources))
        return self._audit[0]

    def facts(self, _needs: Collection[Fact]) -> HostFacts:
        return self.facts_of

    def look(self, _paths: Iterable[str]) -> Mapping[str, Entry]:
        return self.files

    def site(self) -> tuple[File, ...]:
        return ()


def alone_and_together(controls: list[BenchmarkControl]) -> None:
    lines = rules(controls)
    host = audited(lines, files=lines[::2])

    def judge() -> HostJudge:
        return HostJudge(Given(host.audit.collected, host.facts, FACTS.files))

    together = judge().judge(controls)
    for control in controls:
        assert judge().judge([control])[control.key] == together[control.key], control.key


def test_some_of_the_controls() -> None:
    alone_and_together(SOME)


@pytest.mark.full
def test_the_controls_of_the_newest_versions() -> None:
    alone_and_together(EVERY)
