"""Selects the controls that a query asks for, and judges them on the host; judgements are kept until facts change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import Sources
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.rule_sets import RuleSets
from auditrules.benchmarks.catalogue import WHAT_SHIPS, Catalogue
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.judge import BySource, Key, judged_controls, paths_of
from auditrules.benchmarks.requirement import Fact, JudgedHost, Requirement
from auditrules.benchmarks.systems import applying
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Schema
from auditrules.plugin.table import row_filters
from auditrules.tables import HostView
from auditrules.tables.controls import benchmark_cells
from auditrules.tables.schemas import AUDIT_VERDICTS
from auditrules.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class AskedBenchmark:
    """A benchmark in a query, with the controls that the query asks for."""

    benchmark: Benchmark
    controls: tuple[BenchmarkControl, ...]
    applies: bool
    newest: bool


_MOST_JUDGEMENTS = 2  # sets of controls whose judgement is kept: a pack's query asks for the same set again and again


@dataclass(frozen=True, slots=True)
class Judgement:
    """The last judgement of some controls, and its inputs."""

    catalogue: Catalogue
    requirements: tuple[Requirement, ...]
    configured: Sources | None = None
    rule_sets: RuleSets | None = None
    facts: HostFacts | None = None
    paths: tuple[str, ...] = ()
    seen: Mapping[str, Entry] = field(default_factory=dict)
    judged: Mapping[Key, BySource] = field(default_factory=dict)

    @property
    def needs(self) -> frozenset[Fact]:
        """The facts that the requirements need."""
        return frozenset(chain.from_iterable(each.needs for each in self.requirements))

    def has_inputs_of(self, audit: HostAudit) -> bool:
        """Whether the host's audit has not changed. `HostAudit` makes a new object only for new inputs."""
        return self.configured is audit.configured and self.rule_sets is audit.rule_sets


class HostJudge:
    """Judges controls on one host, and keeps the last judgements while their inputs stay the same.

    `at_boot`: the next boot is judged in place of the present.
    """

    def __init__(
        self, host: HostView, catalogue: Callable[[], Catalogue] = lambda: WHAT_SHIPS, *, at_boot: bool = False
    ) -> None:
        self.host = host
        self.at_boot = at_boot
        self._catalogue = catalogue
        self._judgements: dict[tuple[Key, ...], Judgement] = {}

    def asked(self, context: Context, schema: Schema) -> tuple[list[AskedBenchmark], OsRelease]:
        """The benchmarks and controls that a query's constraints allow, and this host's system if that matters.

        There may be too many, as osquery applies its WHERE clause again. Files of other benchmarks are not read.
        """
        catalogue = self._catalogue()
        of_benchmark = row_filters(schema, context, {"benchmark", "version", "newest"} & set(schema.names))
        wanted = [
            (benchmark, newest)
            for benchmark in catalogue.benchmarks
            for newest in [catalogue.is_newest(benchmark)]
            if _all(of_benchmark, benchmark_cells(benchmark, newest=newest))
        ]
        system = OsRelease()
        if any(each.systems or each.instead_of_none for each, _ in wanted):
            system = self.host.facts({Fact.SYSTEM}).system or system
        for_this = applying(catalogue.benchmarks, system)
        of_applies = row_filters(schema, context, {"applies"} & set(schema.names))
        of_control = row_filters(schema, context, ("control",))
        asked = []
        for benchmark, newest in wanted:
            applies = benchmark.key in for_this
            if not _all(of_applies, {"applies": str(int(applies))}) or not (applies or schema is AUDIT_VERDICTS):
                continue
            controls = tuple(each for each in benchmark.controls if _all(of_control, {"control": each.id}))
            asked.append(AskedBenchmark(benchmark, controls, applies, newest))
        return asked, system

    def judge(self, controls: Iterable[BenchmarkControl]) -> Mapping[Key, BySource]:
        """Judge the requirements of controls, by source. All facts that they need are collected first.

        The last judgement of the same controls is returned again if neither the host nor the requirements changed.
        """
        asked = tuple(controls)
        if not asked:
            return {}
        audit, catalogue = self.host.audit(), self._catalogue()
        keys = tuple(control.key for control in asked)
        kept = self._judgements.pop(keys, None)
        if kept is None or kept.catalogue is not catalogue:
            every = chain.from_iterable(control.requirements for control in asked if not control.off)
            kept = Judgement(catalogue, tuple(every))
        facts = self.host.facts(kept.needs)
        paths = kept.paths if kept.facts == facts else paths_of(kept.requirements, facts)
        seen = self.host.look(paths) if paths else {}
        if not kept.judged or (kept.has_inputs_of(audit), kept.facts, kept.seen) != (True, facts, seen):
            kept = replace(
                kept,
                configured=audit.configured,
                rule_sets=audit.rule_sets,
                facts=facts,
                paths=paths,
                seen=seen,
                judged=judged_controls(asked, JudgedHost(audit, facts, seen), at_boot=self.at_boot),
            )
        self._judgements[keys] = kept  # behind all others
        for oldest in list(self._judgements)[:-_MOST_JUDGEMENTS]:
            self._judgements.pop(oldest, None)  # another thread may have removed it
        return kept.judged


def _all(tests: Iterable[Callable[[Row], bool]], cells: Row) -> bool:
    return all(keep(cells) for keep in tests)
