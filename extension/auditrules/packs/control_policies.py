"""Makes Fleet's policies and reports of a benchmark, with one policy for each control."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditrules.benchmarks import CIS_DOCKER, Benchmark
from auditrules.benchmarks.control import Assessment, BenchmarkControl
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.prescribed import prescribed
from auditrules.benchmarks.remediation import remedies_text
from auditrules.packs import systems
from auditrules.packs.fleet import FleetReport, Policy
from auditrules.packs.policies import FAILS_UNKNOWN, FAILS_UNREAD, LOADED, ON_DOCKER_HOSTS
from auditrules.packs.verdict import Check, policy_sql
from auditrules.plugin.pack import Query

_DOCKER = CIS_DOCKER[0].short_name
_PROFILE = re.compile(r"L?([12])\b")


def labels_of(benchmark: Benchmark) -> tuple[str, ...]:
    """The labels that a host must have to be judged by the policies of a benchmark."""
    if benchmark.short_name == _DOCKER:
        return ON_DOCKER_HOSTS
    if len(benchmark.systems) == 1:
        return (LOADED.name, systems.system_label(benchmark.systems[0]).name)
    return (LOADED.name,)


def policy(control: BenchmarkControl, labels: tuple[str, ...] = ON_DOCKER_HOSTS) -> Policy:
    """Make the policy for a control."""
    assessment = f" ({control.assessment.value.capitalize()})" if control.assessment.value else ""
    by_hand = " The benchmark wants it assessed by hand, too." if control.assessment is Assessment.MANUAL else ""
    passes, fails = (
        ("It passes where there is no Docker daemon, or nothing to audit.", FAILS_UNREAD)
        if control.short_name == _DOCKER
        else ("It passes on other systems, and where it does not apply.", FAILS_UNKNOWN)
    )
    return Policy(
        f"{_called(control)} - {control.id} {control.title}{assessment}",
        f"{control.description} {control.rationale} {passes}{by_hand} {fails}",
        _resolution(control),
        policy_sql(control),
        labels,
        control.id if _is_cis(control) else "",
        _tags(control),
    )


def reports(controls: Iterable[BenchmarkControl], labels: tuple[str, ...] = ON_DOCKER_HOSTS) -> Iterator[FleetReport]:
    """Make a report for each control: its evidence, in one row for each host."""
    for control in controls:
        yield FleetReport(
            f"{_called(control)} - {control.id} evidence",
            f"{control.title}: one row a host with status, target, reason, evidence, remediation and the status after "
            "the next boot.",
            Check(control).snapshot_query,
            labels,
        )


def whole_report(name: str, query: Query, labels: tuple[str, ...]) -> FleetReport:
    """Make the report of all controls of a system. It has too many rows for Fleet's page, so it goes to the log."""
    return FleetReport(
        f"{name} evidence",
        f"{query.description} For the log destination: Fleet's own page is too short for it.",
        query.sql,
        labels,
        kept=False,
    )


def _called(control: BenchmarkControl) -> str:
    return systems.fleet_name(control.benchmark, control.version)


def _is_cis(control: BenchmarkControl) -> bool:
    return control.benchmark.startswith("CIS ")


def _resolution(control: BenchmarkControl) -> str:
    if control.short_name == _DOCKER:
        own = (each.remedy(each.path) for each in control.requirements if isinstance(each, PathRequirement))
        return f"{remedies_text(own)} On this host the path may be another: the report of this control names it."
    return f"{remedies_text(prescribed(control))} What is left to do on a host is in the report."


def _tags(control: BenchmarkControl) -> tuple[str, ...]:
    """The tags of a policy, as in Fleet's own sets: compliance, the profile or category, the benchmark."""
    profile = _PROFILE.match(control.level)
    level = f"CIS_Level{profile[1]}" if profile and _is_cis(control) else re.sub(r"\W+", "_", control.level)
    number = f"_{control.version.replace('.', '_')}" if control.short_name == _DOCKER else ""
    tag = f"{systems.tag(control.short_name)}{number}"
    return (
        "compliance",
        *filter(None, (tag.partition("_")[0], level)),
        tag,
        *(f"CIS_Controls_{each}" for each in control.cis_controls),
    )
