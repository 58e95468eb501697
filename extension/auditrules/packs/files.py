"""The files of packs/, and their content. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum

from auditrules.benchmarks.control import Benchmark, BenchmarkControl, query_name
from auditrules.packs import policies, systems
from auditrules.packs.control_policies import labels_of, policy, reports, whole_report
from auditrules.packs.fleet import FleetItem, FleetReport, Policy, applied, gitops, problems
from auditrules.packs.policies import LOADED
from auditrules.packs.shipped import AUDIT_RULES, CIS_LINUX, PACKS, STIG_LINUX, WHOLE, verdicts, whole
from auditrules.packs.verdict import Check, all_controls_sql
from auditrules.plugin.pack import Pack
from auditrules.plugin.schema import Schema
from auditrules.plugin.yaml import document
from auditrules.values import dataclass

_DOCKER = WHOLE["cis-docker"].name


class PackForm(str, Enum):
    """The program that the files are for."""

    OSQUERY = "osquery"
    FLEET_GITOPS = "fleet-gitops"
    FLEET_APPLY = "fleet-apply"


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file by its path in a folder of packs, what it says, and each query in it by the name it has there.

    `problems` are what its reader would not take, in words; with one of them it is not to be written.
    """

    path: str
    text: str
    queries: Mapping[str, str]
    problems: tuple[str, ...] = ()


def pack_file(pack: Pack) -> PackFile:
    """The file of an osquery pack."""
    queries = {query.name: query.sql for query in pack.queries}
    return PackFile(f"{pack.name}.conf", pack.text(), queries, tuple(pack.problems()))


def verdict_file(name: str, controls: Iterable[BenchmarkControl]) -> PackFile:
    """The osquery pack of some controls."""
    return pack_file(verdicts(name, map(Check, controls)))


def whole_file(name: str, benchmark: Benchmark) -> PackFile:
    """One query of all controls of a benchmark, for a person who queries a host or a fleet by hand."""
    sql = all_controls_sql(benchmark)
    return PackFile(f"{name}.sql", sql, {name: sql})


def stem(benchmark: Benchmark) -> str:
    """What the files of a benchmark are called for Fleet."""
    return f"{benchmark.short_name}-{benchmark.version}"


def _fleet(path: str, items: Iterable[FleetItem], write: Callable[[Iterable[FleetItem]], str] = gitops) -> PackFile:
    found = tuple(items)
    return PackFile(path, write(found), {each.name: each.sql for each in found}, tuple(problems(found)))


def _policies(name: str, items: Iterable[Policy], form: PackForm) -> PackFile:
    if form is PackForm.FLEET_APPLY:
        return _fleet(f"fleet/apply/{name}.policies.yml", items, applied)
    return _fleet(f"fleet/policies/{name}.policies.yml", items)


def _reports(name: str, items: Iterable[FleetReport]) -> PackFile:
    return _fleet(f"fleet/reports/{name}.reports.yml", items)


def of_benchmark(
    benchmark: Benchmark, controls: Iterable[BenchmarkControl], form: PackForm, labels: tuple[str, ...] = ()
) -> Iterator[PackFile]:
    """The files of some controls of a benchmark; for Fleet on the hosts that have all of some labels.

    Docker's controls have a query each. Those of a system are many: all of them have one pair of queries.
    """
    wanted = tuple(controls)
    name = stem(benchmark)
    together = benchmark.name != _DOCKER and len(wanted) == len(benchmark.controls)
    if form is PackForm.OSQUERY:
        if together:
            yield pack_file(whole(benchmark))
        else:
            yield verdict_file(query_name(name).replace("_", "-"), wanted)
        return
    on = labels or labels_of(benchmark)
    yield _policies(name, (policy(each, on) for each in wanted), form)
    if form is PackForm.FLEET_GITOPS:
        called = systems.fleet_name(*benchmark.key)
        truth = whole(benchmark).queries[-1]
        yield _reports(name, [whole_report(called, truth, on)] if together else reports(wanted, on))


def general(form: PackForm) -> Iterator[PackFile]:
    """The files that are of no benchmark: the extension, drift and the records' way."""
    if form is PackForm.OSQUERY:
        yield pack_file(AUDIT_RULES)
        return
    yield _policies("audit-rules", policies.GENERAL, form)
    if form is PackForm.FLEET_GITOPS:
        yield _fleet("fleet/labels/audit-rules.labels.yml", policies.LABELS)
        yield _reports("audit-rules", policies.GENERAL_REPORTS)


def tables(schemas: Iterable[Schema]) -> Iterator[PackFile]:
    """The tables as Fleet documents them (its schema/tables)."""
    for schema in schemas:
        examples = {f"{schema.name}: example {n}": each.sql for n, each in enumerate(schema.examples, start=1)}
        yield PackFile(f"fleet/tables/{schema.name}.yml", document(schema.fleet()), examples)


def shipped(schemas: Iterable[Schema]) -> Iterator[PackFile]:
    """All files of packs/."""
    yield from map(pack_file, PACKS)
    for name, benchmark in WHOLE.items():
        yield whole_file(name, benchmark)
    for form in (PackForm.FLEET_GITOPS, PackForm.FLEET_APPLY):
        yield from for_fleet(form)
    yield from tables(schemas)


def for_fleet(form: PackForm, labels: tuple[str, ...] = ()) -> Iterator[PackFile]:
    """The files that ship for Fleet: what is of no benchmark, CIS Docker, the newest benchmark of each system.

    The reports on systems are two, each for all of them. The documents for fleetctl apply are in the form of Fleet's
    own CIS sets, and of CIS's benchmarks alone.
    """
    yield from general(form)
    for benchmark in WHOLE.values():
        yield from of_benchmark(benchmark, benchmark.controls, form, labels)
    with_stigs = form is PackForm.FLEET_GITOPS
    for benchmark in (*systems.CIS_LINUX, *(systems.STIG_LINUX if with_stigs else ())):
        on = labels or labels_of(benchmark)
        yield _policies(stem(benchmark), (policy(each, on) for each in benchmark.controls), form)
    if with_stigs:
        for pack, name in ((CIS_LINUX, "CIS Linux"), (STIG_LINUX, "DISA STIG Linux")):
            yield _reports(pack.name, [whole_report(name, pack.queries[-1], labels or (LOADED.name,))])
