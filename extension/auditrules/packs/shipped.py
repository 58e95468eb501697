"""The osquery packs that we ship: their queries and intervals. `make packs` writes their files into `packs/`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

from auditrules.benchmarks import CIS_DOCKER as _VERSIONS
from auditrules.benchmarks import Benchmark
from auditrules.benchmarks.control import query_name
from auditrules.packs import drift, pipeline, systems
from auditrules.packs.verdict import Check, all_controls_sql, pinned_sql, system_sql
from auditrules.plugin.pack import DAY, HOUR, Pack, Query

# Queries of a missing table would log an error each time. This discovery query keeps packs off such hosts.
GUARD = "SELECT 1 FROM osquery_registry WHERE active = true AND registry = 'table' AND name = 'audit_rules';"

PLATFORM = "linux"
VERSION = "5.10.0"  # the oldest osquery; its SQLite knows MATERIALIZED


def queries(checks: Iterable[Check]) -> Iterator[Query]:
    """Make two queries for each control: an hourly one that logs changes, and a daily one that logs the whole state."""
    for number, check in enumerate(checks, start=1):
        control = check.control
        described = (
            f"{control.benchmark} {control.version}, {control.id}: {control.description} "
            "One row: pass, fail, unknown or not_applicable, with reason and evidence."
        )
        yield Query(check.name, check.query, HOUR, described, control.rationale, removed=False)
        yield Query(
            f"{check.name}_snapshot",
            check.snapshot_query,
            DAY,
            described,
            control.rationale,
            snapshot=True,
            startup_priority=number,
        )


def all_controls_name(pack: str) -> str:
    """The name of a pack's query of all controls, without `_snapshot`."""
    return f"{pack.replace('-', '_')}_all"


def all_controls(pack: str, benchmark: Benchmark) -> Query:
    """Make the daily query of all controls of a benchmark. Its name begins with that of its pack."""
    return Query(
        f"{all_controls_name(pack)}_snapshot",
        all_controls_sql(benchmark),
        DAY,
        f"{benchmark.name} {benchmark.version}: one row for each control, with status, reason and evidence.",
        "The whole benchmark as one row set, for those who want that instead of a query for each control.",
        snapshot=True,
    )


def verdicts(name: str, checks: Iterable[Check], *others: Query) -> Pack:
    """Make a pack of verdicts. It runs only on hosts that have the tables."""
    return Pack(name, PLATFORM, VERSION, (GUARD,), (*queries(checks), *others))


WHOLE = MappingProxyType({"cis-docker": _VERSIONS[0], "cis-docker-latest": _VERSIONS[-1]})
"""The packs with a whole benchmark: a query for each control, and one of all controls."""

CIS_DOCKER, CIS_DOCKER_LATEST = (
    verdicts(name, map(Check, benchmark.controls), all_controls(name, benchmark)) for name, benchmark in WHOLE.items()
)


def pair(name: str, described: str, sql: Callable[[bool], str]) -> tuple[Query, Query]:
    """Make two queries of all controls of a system: one logs changes, and a daily one logs the whole state.

    `sql(lines)` makes the text of a query, with line numbers in its evidence or without.
    """
    value = "Whether a host audits what its benchmark wants, by what its kernel would record; the report reads both."
    each = f"{described}: one row for each control, with status, reason and evidence."
    return (
        Query(name, sql(False), HOUR, f"{each} Changes only.", value, removed=False),  # noqa: FBT003 - a function of one
        Query(f"{name}_snapshot", sql(True), DAY, each, value, snapshot=True, startup_priority=1),  # noqa: FBT003
    )


def whole(benchmark: Benchmark) -> Pack:
    """Make the pack of one version of a benchmark, with two queries of all its controls."""
    name = query_name(benchmark.short_name, benchmark.version)
    queries = pair(name, f"{benchmark.name} {benchmark.version}", lambda lines: pinned_sql(benchmark, lines=lines))
    return Pack(name.replace("_", "-"), PLATFORM, VERSION, (GUARD,), queries)


def _of_systems(name: str, benchmarks: Iterable[Benchmark], described: str) -> Pack:
    names = [each.name for each in benchmarks]
    queries = pair(name.replace("-", "_"), described, lambda lines: system_sql(names, lines=lines))
    return Pack(name, PLATFORM, VERSION, (GUARD,), queries)


CIS_LINUX = _of_systems(
    "cis-linux", systems.CIS_LINUX, "The auditing chapter of the newest CIS benchmark that is for the host's system"
)
STIG_LINUX = _of_systems("stig-linux", systems.STIG_LINUX, "The auditing rules of DISA's STIG for the host's system")

INVENTORY = """\
SELECT source, source_path, line, position, type, action, list, path, path_type, permissions, arch, syscalls, fields,
  keys, rule, state, error
FROM audit_rules;
"""

AUDIT_RULES = Pack(
    "audit-rules",
    platform=PLATFORM,
    version=VERSION,
    discovery=(),  # none: the first query of this pack reports whether the extension is loaded
    queries=(
        Query(
            "audit_rules_extension",
            """\
SELECT
  (SELECT count(*) FROM osquery_registry
    WHERE active = true AND registry = 'table' AND name = 'audit_rules') AS loaded,
  (SELECT version FROM osquery_extensions WHERE name = 'auditrules') AS version;
""",
            DAY,
            "One row: is the audit_rules extension loaded, and in which version?",
            "Shows the hosts that say nothing because the extension is not there.",
            snapshot=True,
            startup_priority=1,
        ),
        Query(
            "audit_rules_status",
            "SELECT * FROM audit_status;\n",
            DAY,
            "One row: is this host auditing, who reads the records, and how was that found out?",
            "Shows hosts where auditing is off, where nobody listens, or where the rules can't be read.",
            snapshot=True,
            startup_priority=2,
        ),
        Query(
            "audit_rules_inventory",
            INVENTORY,
            DAY,
            "Every rule of the kernel and every line of the rules files.",
            "What a host really audits, for comparison across the fleet and over time.",
            snapshot=True,
            startup_priority=3,
        ),
        *drift.QUERIES,
        *pipeline.QUERIES,
    ),
)

PACKS = (CIS_DOCKER, CIS_DOCKER_LATEST, CIS_LINUX, STIG_LINUX, AUDIT_RULES)
