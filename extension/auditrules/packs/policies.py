"""The labels for Fleet, and its policies and reports that belong to no benchmark: drift and the audit log pipeline."""

from __future__ import annotations

from auditrules.benchmarks.docker_daemon import PROGRAMS
from auditrules.benchmarks.verdict_sql import quoted
from auditrules.packs import drift, pipeline, systems
from auditrules.packs.fleet import FleetReport, Label, Policy
from auditrules.packs.shipped import INVENTORY

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
LABELS = (LOADED, DOCKER_HOSTS, READABLE, *systems.system_labels())
ON_DOCKER_HOSTS = (LOADED.name, DOCKER_HOSTS.name)

FAILS_UNKNOWN = (
    "It also fails where that could not be found out; where it is the rules of the kernel that can't be read, the "
    f'policy "{READABLE.name}" fails, too, and says what to do.'
)
FAILS_UNREAD = (
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
    """Make a query that returns a row if this one returns a row that meets the condition."""
    return f"SELECT 1 FROM (\n{sql.rstrip().removesuffix(';')}\n) WHERE {condition};\n"  # noqa: S608 - the parts are ours


_SQL = {query.name: query.sql for query in (*drift.QUERIES, *pipeline.QUERIES)}

GENERAL = (
    _EXTENSION_LOADED,
    _RULES_READABLE,
    Policy(
        "audit records are read and none are lost",
        "A process reads the records of the kernel's audit, and no record was lost since the counter was reset. Where "
        f"no process owns the stream, somebody may still listen; that can't be told, so it fails. {FAILS_UNREAD}",
        "Start auditd; where records were lost, raise the backlog limit (-b in /etc/audit/rules.d, then augenrules "
        "--load) and run auditctl --reset-lost.",
        _wrapped(_SQL["audit_pipeline"], "status = 'pass'"),
        (LOADED.name,),
    ),
    Policy(
        "audit rules of the files are loaded",
        f"The kernel has every rule of the files that boot loads. {FAILS_UNREAD}",
        "Run augenrules --load; what it refuses, and why, is in the table audit_rules, columns state and error.",
        _wrapped(_SQL["audit_rules_not_loaded"], "finding = 'none'"),
        (LOADED.name,),
    ),
    Policy(
        "audit rules of the kernel are in the files",
        f"Every rule that the kernel has is loaded again at the next boot. {FAILS_UNREAD}",
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
