"""Which controls a query asks for, and what they came to last; what all of them need is collected at once."""

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
    """A benchmark that a query asks for, with those of its controls that it asks for."""

    benchmark: Benchmark
    controls: tuple[BenchmarkControl, ...]
    applies: bool
    newest: bool


_MOST_JUDGEMENTS = 2  # sets of controls whose judgement is kept: a query of a pack asks for the same again and again


@dataclass(frozen=True, slots=True)
class Judgement:
    """What controls came to the last time, and what that rests on."""

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

    def rests_on(self, audit: HostAudit) -> bool:
        """Whether a host's audit is still what it was: each of its results is made anew only of what is new."""
        return self.configured is audit.configured and self.rule_sets is audit.rule_sets


class HostJudge:
    """Judges controls on one host, and keeps what it judged last for as long as what that rests on stays the same.

    `at_boot`: verdicts are on the next boot, as if it were now, and nothing is judged as it is now.
    """

    def __init__(
        self, host: HostView, catalogue: Callable[[], Catalogue] = lambda: WHAT_SHIPS, *, at_boot: bool = False
    ) -> None:
        self.host = host
        self.at_boot = at_boot
        self._catalogue = catalogue
        self._judgements: dict[tuple[Key, ...], Judgement] = {}

    def asked(self, context: Context, schema: Schema) -> tuple[list[AskedBenchmark], OsRelease]:
        """What the constraints of a query leave, and which system this is where that matters.

        A superset, as osquery applies its WHERE clause again. No file of a benchmark is read that is not asked for.
        """
        catalogue = self._catalogue()
        names = {"benchmark", "version", "newest"} & set(schema.names)
        wanted = [
            (benchmark, newest)
            for benchmark in catalogue.benchmarks
            for newest in [catalogue.is_newest(benchmark)]
            if _all(row_filters(schema, context, names), benchmark_cells(benchmark, newest=newest))
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

    def judged(self, controls: Iterable[BenchmarkControl]) -> Mapping[Key, BySource]:
        """The requirements of controls, judged by source. What they need is collected and looked at first, at once.

        What was judged last of the same controls is given again while the host, and what they require, stays the same.
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
        if not kept.judged or (kept.rests_on(audit), kept.facts, kept.seen) != (True, facts, seen):
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
            self._judgements.pop(oldest, None)  # another thread may have been quicker
        return kept.judged


def _all(tests: Iterable[Callable[[Row], bool]], cells: Row) -> bool:
    return all(keep(cells) for keep in tests)
