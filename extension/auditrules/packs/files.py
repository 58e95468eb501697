"""Makes the files of packs/, as values. Pure."""

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
    """The program that reads the files."""

    OSQUERY = "osquery"
    FLEET_GITOPS = "fleet-gitops"
    FLEET_APPLY = "fleet-apply"


@dataclass(frozen=True, slots=True)
class PackFile:
    """A file: its path in the folder of packs, its text, and its queries by their names in it.

    `problems` says what its reader would refuse. A file with problems is not written.
    """

    path: str
    text: str
    queries: Mapping[str, str]
    problems: tuple[str, ...] = ()


def pack_file(pack: Pack) -> PackFile:
    """Make the file of an osquery pack."""
    queries = {query.name: query.sql for query in pack.queries}
    return PackFile(f"{pack.name}.conf", pack.text(), queries, tuple(pack.problems()))


def verdict_file(name: str, controls: Iterable[BenchmarkControl]) -> PackFile:
    """Make the file of an osquery pack of these controls."""
    return pack_file(verdicts(name, map(Check, controls)))


def whole_file(name: str, benchmark: Benchmark) -> PackFile:
    """Make a file with one query of all controls of a benchmark, to be run by hand on a host or a fleet."""
    sql = all_controls_sql(benchmark)
    return PackFile(f"{name}.sql", sql, {name: sql})


def stem(benchmark: Benchmark) -> str:
    """The name of a benchmark's files for Fleet, without their endings."""
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
    """Make the files of these controls of a benchmark. For Fleet, they apply to hosts that have all `labels`.

    Each control of Docker has a query. The controls of a system are many, so one pair of queries covers all of them.
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
    """Make the files that belong to no benchmark: the extension, drift and the audit log pipeline."""
    if form is PackForm.OSQUERY:
        yield pack_file(AUDIT_RULES)
        return
    yield _policies("audit-rules", policies.GENERAL, form)
    if form is PackForm.FLEET_GITOPS:
        yield _fleet("fleet/labels/audit-rules.labels.yml", policies.LABELS)
        yield _reports("audit-rules", policies.GENERAL_REPORTS)


def tables(schemas: Iterable[Schema]) -> Iterator[PackFile]:
    """Make the files that document the tables in Fleet's form (its schema/tables)."""
    for schema in schemas:
        examples = {f"{schema.name}: example {n}": each.sql for n, each in enumerate(schema.examples, start=1)}
        yield PackFile(f"fleet/tables/{schema.name}.yml", document(schema.fleet()), examples)


def shipped(schemas: Iterable[Schema]) -> Iterator[PackFile]:
    """Make all files of packs/."""
    yield from map(pack_file, PACKS)
    for name, benchmark in WHOLE.items():
        yield whole_file(name, benchmark)
    for form in (PackForm.FLEET_GITOPS, PackForm.FLEET_APPLY):
        yield from for_fleet(form)
    yield from tables(schemas)


def for_fleet(form: PackForm, labels: tuple[str, ...] = ()) -> Iterator[PackFile]:
    """Make the files for Fleet: the general ones, CIS Docker, and the newest benchmark of each system.

    One report covers the CIS benchmarks of all systems, another one all STIGs. The files for `fleetctl apply` have the
    form of Fleet's own CIS sets, and cover CIS's benchmarks only.
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
