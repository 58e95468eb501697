"""A requirement of a kind that cannot be judged yet: unknown, and said so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost
from auditrules.status import Status


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A requirement whose kind nobody judges."""

    kind: str

    @property
    def needs(self) -> frozenset[Fact]:
        """Nothing."""
        return frozenset()

    def paths(self, facts: HostFacts) -> Iterable[str]:  # noqa: ARG002 - a method of every kind
        """None."""
        return ()

    def judge(self, host: JudgedHost, source: str) -> Sequence[Judged]:  # noqa: ARG002 - a method of every kind
        """Unknown, whatever the host."""
        evidence = f"requirements of the kind {self.kind} are not judged yet"
        return [Judged(source, self.kind, "", "", "", "benchmark", Status.UNKNOWN, "not_judged", evidence=evidence)]
