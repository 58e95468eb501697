"""The labels, policies and reports for Fleet: of the benchmarks, of drift and of the audit log pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditrules.benchmarks.control import Assessment, BenchmarkControl
from auditrules.benchmarks.docker_daemon import PROGRAMS
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.remediation import written
from auditrules.benchmarks.verdict_sql import quoted
from auditrules.packs import drift, pipeline
from auditrules.packs.fleet import FleetReport, Label, Policy
from auditrules.packs.shipped import INVENTORY
from auditrules.packs.verdict import Check, policy_sql

_REGISTERED = """\
SELECT 1 FROM osquery_registry
WHERE active = true AND registry = 'table' AND name = 'audit_rules';
"""
_READABLE = """\
SELECT 1 FROM audit_status
WHERE state IN ('ok', 'no_rules', 'disabled') AND enabled IS NOT NULL;
"""
_PLACES = ", ".join(quoted(path) for path in PROGRAMS)
_DOCKER = f"""\
SELECT 1 FROM file WHERE path IN ({_PLACES})
UNION
SELECT 1 FROM processes WHERE name = 'dockerd';
"""  # noqa: S608 - the parts are ours

LOADED = Label(
    "audit_rules extension loaded", "Linux hosts where the tables of osquery-audit-rules answer.", _REGISTERED
)
DOCKER_HOSTS = Label(
    "Docker hosts", "Linux hosts with a Docker daemon: installed in a usual place, or running.", _DOCKER
)
READABLE = Label(
    "audit rules can be read", "Linux hosts where osquery can read the audit rules of the kernel.", _READABLE
)
LABELS = (LOADED, DOCKER_HOSTS, READABLE)
ON_DOCKER_HOSTS = (LOADED.name, DOCKER_HOSTS.name)

_FAILS_UNREAD = (
    f'It also fails where the rules of the kernel can\'t be read: then the policy "{READABLE.name}" fails, too, and '
    "says what to do."
)

_EXTENSION_LOADED = Policy(
    "audit_rules extension is loaded",
    "The tables of osquery-audit-rules answer on this host. Without them all other policies on audit rules say "
    "nothing of it: they show neither yes nor no.",
    "Install the package osquery-audit-rules, and restart orbit or osqueryd.",
    _REGISTERED,
)
_RULES_READABLE = Policy(
    READABLE.name,
    "osquery can read the audit rules of the kernel. Where it can't, nobody can tell what this host audits, and the "
    "policies on audit rules fail.",
    "See audit_status.state and audit_status.error on the host: osquery has to run as root with CAP_AUDIT_CONTROL in "
    "the host's own namespaces, on a kernel with auditing.",
    _READABLE,
    (LOADED.name,),
)


def _wrapped(sql: str, condition: str) -> str:
    """A query that returns a row if another one returns a row with a condition."""
    return f"SELECT 1 FROM (\n{sql.rstrip().removesuffix(';')}\n) WHERE {condition};\n"  # noqa: S608 - the parts are ours


_SQL = {query.name: query.sql for query in (*drift.QUERIES, *pipeline.QUERIES)}

GENERAL = (
    _EXTENSION_LOADED,
    _RULES_READABLE,
    Policy(
        "audit records are read and none are lost",
        "A process reads the records of the kernel's audit, and no record was lost since the counter was reset. Where "
        f"no process owns the stream, somebody may still listen; that can't be told, so it fails. {_FAILS_UNREAD}",
        "Start auditd; where records were lost, raise the backlog limit (-b in /etc/audit/rules.d, then augenrules "
        "--load) and run auditctl --reset-lost.",
        _wrapped(_SQL["audit_pipeline"], "status = 'pass'"),
        (LOADED.name,),
    ),
    Policy(
        "audit rules of the files are loaded",
        f"The kernel has every rule of the files that boot loads. {_FAILS_UNREAD}",
        "Run augenrules --load; what it refuses, and why, is in the table audit_rules, columns state and error.",
        _wrapped(_SQL["audit_rules_not_loaded"], "finding = 'none'"),
        (LOADED.name,),
    ),
    Policy(
        "audit rules of the kernel are in the files",
        f"Every rule that the kernel has is loaded again at the next boot. {_FAILS_UNREAD}",
        "Put the rules that audit_rules shows with the state runtime into a file in /etc/audit/rules.d, or take them "
        "out of the kernel.",
        _wrapped(_SQL["audit_rules_not_persistent"], "finding = 'none'"),
        (LOADED.name,),
    ),
    Policy(
        "osquery leaves auditing to auditd",
        "osquery neither reads the audit stream nor changes the rules. Where it reads the stream auditd can't, and "
        "with --audit_force_reconfigure it deletes all rules when it starts.",
        "Set --disable_audit=true in osquery's flags, or accept that osquery takes the place of auditd.",
        _wrapped(_SQL["audit_osquery_owns_audit"], "finding = 'none'"),
        (LOADED.name,),
    ),
)

GENERAL_REPORTS = (
    FleetReport(
        "audit status",
        "One row a host: state of auditing, who reads the records, limits.",
        "SELECT * FROM audit_status;\n",
        (LOADED.name,),
    ),
    FleetReport(
        "audit rules",
        "Every rule of the kernel and every line of the rules files: for the log destination, as Fleet's own page is "
        "too short for it.",
        INVENTORY,
        (LOADED.name,),
        kept=False,
    ),
    *(
        FleetReport(query.name.replace("_", " "), query.description, query.sql, (LOADED.name,))
        for query in pipeline.QUERIES
    ),
)


def _short(control: BenchmarkControl) -> str:
    """The benchmark's name as Fleet's own policies write it."""
    return control.benchmark.removesuffix(" Benchmark")


def _remediation(control: BenchmarkControl) -> str:
    """What to do where each thing is in the benchmark's own place."""
    return written(each.remedy(each.path) for each in control.requirements if isinstance(each, PathRequirement))


def policy(control: BenchmarkControl, labels: tuple[str, ...] = ON_DOCKER_HOSTS) -> Policy:
    """The policy for a control."""
    assessment = control.assessment.value.capitalize()
    by_hand = " The benchmark wants it assessed by hand, too." if control.assessment is Assessment.MANUAL else ""
    return Policy(
        f"{_short(control)} {control.version} - {control.id} {control.title} ({assessment})",
        f"{control.description} {control.rationale} It passes where there is no Docker daemon, or "
        f"nothing to audit.{by_hand} {_FAILS_UNREAD}",
        f"{_remediation(control)} On this host the path may be another: the report of this control names it.",
        policy_sql(control),
        labels,
        control.id,
        (
            *("compliance", "CIS", f"CIS_Level{control.level}", f"CIS_Docker_{control.version.replace('.', '_')}"),
            *(f"CIS_Controls_{each}" for each in control.cis_controls),
        ),
    )


def reports(controls: Iterable[BenchmarkControl], labels: tuple[str, ...] = ON_DOCKER_HOSTS) -> Iterator[FleetReport]:
    """The evidence for each control: one row a host."""
    for control in controls:
        yield FleetReport(
            f"{_short(control)} {control.version} - {control.id} evidence",
            f"{control.title}: one row a host with status, target, reason, evidence, remediation and the status after "
            "the next boot.",
            Check(control).snapshot_query,
            labels,
        )
