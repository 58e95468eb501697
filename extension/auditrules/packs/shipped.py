"""The packs: which queries osquery runs how often. `packs/` holds their files, made from here."""

from __future__ import annotations

from auditrules.packs import drift, pipeline
from auditrules.packs.daemon import CONTROLS
from auditrules.plugin.pack import DAY, HOUR, Pack, Query

# A pack with a missing table would log an error each time; the discovery keeps it off hosts without the extension.
GUARD = "SELECT 1 FROM osquery_registry WHERE active = true AND registry = 'table' AND name = 'audit_rules';"

PLATFORM = "linux"
VERSION = "5.10.0"  # the oldest osquery; its SQLite knows MATERIALIZED

CIS_DOCKER = Pack(
    "cis-docker",
    platform=PLATFORM,
    version=VERSION,
    discovery=(GUARD,),
    queries=tuple(
        query
        for number, control in enumerate(CONTROLS, start=1)
        for query in (
            Query(control.name, control.query, HOUR, control.description, control.value, removed=False),
            Query(
                f"{control.name}_snapshot",
                control.snapshot_query,
                DAY,
                control.description,
                control.value,
                snapshot=True,
                startup_priority=number,
            ),
        )
    ),
)

AUDIT_RULES = Pack(
    "audit-rules",
    platform=PLATFORM,
    version=VERSION,
    discovery=(),  # none: whether the extension is there at all is the first thing this pack tells
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
            """\
SELECT source, source_path, line, position, type, action, list, path, path_type, permissions, arch, syscalls, fields,
  keys, rule, state, error
FROM audit_rules;
""",
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

PACKS = (CIS_DOCKER, AUDIT_RULES)
