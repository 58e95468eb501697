"""The files of packs/, and their content. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.packs import policies
from auditrules.packs.fleet import FleetItem, FleetReport, Policy, applied, gitops, problems
from auditrules.packs.shipped import AUDIT_RULES, CIS_DOCKER, CIS_DOCKER_LATEST, PACKS, verdicts
from auditrules.packs.verdict import Check, all_controls_sql
from auditrules.plugin.pack import Pack
from auditrules.plugin.schema import Schema
from auditrules.plugin.yaml import document


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
    benchmark: Benchmark,
    controls: Iterable[BenchmarkControl],
    form: PackForm,
    labels: tuple[str, ...] = policies.ON_DOCKER_HOSTS,
) -> Iterator[PackFile]:
    """The files of some controls of a benchmark; for Fleet on the hosts that have all of some labels."""
    wanted = tuple(controls)
    name = stem(benchmark)
    if form is PackForm.OSQUERY:
        yield verdict_file(name.replace(".", "-"), wanted)
        return
    yield _policies(name, (policies.policy(each, labels) for each in wanted), form)
    if form is PackForm.FLEET_GITOPS:
        yield _reports(name, policies.reports(wanted, labels))


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


def shipped(benchmarks: tuple[Benchmark, ...], schemas: Iterable[Schema]) -> Iterator[PackFile]:
    """All files of packs/: for the first and the newest benchmark."""
    first, newest = benchmarks[0], benchmarks[-1]
    yield from map(pack_file, PACKS)
    yield whole_file(CIS_DOCKER.name, first)
    yield whole_file(CIS_DOCKER_LATEST.name, newest)
    for form in (PackForm.FLEET_GITOPS, PackForm.FLEET_APPLY):
        yield from general(form)
        for benchmark in (first, newest):
            yield from of_benchmark(benchmark, benchmark.controls, form)
    yield from tables(schemas)
