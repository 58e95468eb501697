"""Queries on drift: where rules files and kernel differ, and why. Without a difference, the row `none` says so."""

from __future__ import annotations

from auditrules.plugin.pack import HOUR, Query

# The files that boot loads; both kinds, if it is not known which.
_LOADED_AT_BOOT = """\
CASE (SELECT boot_loader FROM status)
    WHEN 'auditctl' THEN source = 'audit.rules'
    WHEN 'augenrules' THEN source = 'rules.d'
    ELSE source != 'kernel'
  END"""

_NOT_LOADED = f"""\
WITH
status AS MATERIALIZED (SELECT state, error, boot_loader FROM audit_status),
lines AS MATERIALIZED (SELECT source, source_path, type, text, rule, state, error FROM audit_rules),
found AS MATERIALIZED (
  SELECT DISTINCT
    CASE type WHEN 'unreadable' THEN 'unknown' ELSE state END AS finding,
    source_path, coalesce(nullif(rule, ''), text) AS rule, error AS cause
  FROM lines
  WHERE {_LOADED_AT_BOOT} AND source != 'kernel' AND type != 'control' AND (
    type = 'unreadable' OR state IN ('missing', 'rejected', 'unreached')
    OR (state = 'unknown' AND (SELECT state FROM status) IN ('ok', 'no_rules', 'disabled'))
  )
)
SELECT finding, source_path, rule, cause FROM found
UNION ALL
SELECT 'unknown', '', '', coalesce(nullif(error, ''), 'the kernel was not asked') FROM status
  WHERE state NOT IN ('ok', 'no_rules', 'disabled')
UNION ALL
SELECT 'none', '', '', '' FROM status
  WHERE state IN ('ok', 'no_rules', 'disabled') AND NOT EXISTS (SELECT 1 FROM found);
"""  # noqa: S608 - the parts are ours

_NOT_PERSISTENT = """\
WITH
kernel AS MATERIALIZED (SELECT type, state, rule, error FROM audit_rules WHERE source = 'kernel'),
found AS MATERIALIZED (
  SELECT DISTINCT
    CASE state WHEN 'runtime' THEN 'runtime' ELSE 'unknown' END AS finding,
    rule,
    CASE
      WHEN error != '' THEN error
      WHEN state = 'runtime' THEN 'boot does not load it: no file has it, or the load stops before it'
      ELSE 'what boot loads is not known'
    END AS cause
  FROM kernel WHERE state != 'persistent'
)
SELECT finding, rule, cause FROM found
UNION ALL
SELECT 'none', '', '' WHERE NOT EXISTS (SELECT 1 FROM found);
"""

_STOPPED = f"""\
WITH
status AS MATERIALIZED (SELECT boot_loader, boot_error FROM audit_status),
everything AS MATERIALIZED (SELECT source, source_path, type, text, state, error FROM audit_rules),
lines AS MATERIALIZED (SELECT * FROM everything WHERE {_LOADED_AT_BOOT}),
found AS MATERIALIZED (
  SELECT DISTINCT
    CASE WHEN EXISTS (SELECT 1 FROM lines AS later WHERE later.source = lines.source AND later.state = 'unreached')
      THEN 'stopped' ELSE 'refused' END AS finding,
    source_path, text, error AS cause
  FROM lines WHERE state = 'rejected'
  UNION
  SELECT 'unknown', source_path, '', error FROM lines WHERE type = 'unreadable'
)
SELECT finding, source_path, text, cause FROM found
UNION ALL
SELECT 'unknown', '', '', boot_error FROM status WHERE boot_error != ''
UNION ALL
SELECT 'none', '', '', '' FROM status WHERE boot_error = '' AND NOT EXISTS (SELECT 1 FROM found);
"""  # noqa: S608 - the parts are ours

_STALE = """\
SELECT
  CASE augenrules_stale WHEN 1 THEN 'stale' WHEN 0 THEN 'none' ELSE 'unknown' END AS finding,
  boot_loader,
  CASE augenrules_stale
    WHEN 1 THEN '/etc/audit/audit.rules is not what augenrules would make of /etc/audit/rules.d: run augenrules --load'
    WHEN 0 THEN ''
    ELSE 'there is no /etc/audit/rules.d, or what augenrules would make of it is not known'
  END AS cause
FROM audit_status;
"""

_OWNED = """\
WITH
flags AS MATERIALIZED (
  SELECT name, value FROM osquery_flags
  WHERE name IN ('disable_audit', 'audit_allow_config', 'audit_force_reconfigure')
),
found AS MATERIALIZED (
  SELECT
    max(name = 'disable_audit' AND value = 'false') AS reads,
    max(name = 'audit_allow_config' AND value = 'true') AS configures,
    max(name = 'audit_force_reconfigure' AND value = 'true') AS wipes
  FROM flags
)
SELECT
  CASE
    WHEN reads IS NULL THEN 'unknown'
    WHEN reads AND configures AND wipes THEN 'wipes'
    WHEN reads AND configures THEN 'configures'
    WHEN reads THEN 'consumes'
    ELSE 'none'
  END AS finding,
  CASE
    WHEN reads IS NULL THEN 'the flags of osquery are not known here'
    WHEN reads AND configures AND wipes THEN
      'osquery deletes all rules that are there when it starts: --audit_force_reconfigure with --audit_allow_config'
    WHEN reads AND configures THEN 'osquery adds rules of its own: --audit_allow_config'
    WHEN reads THEN 'osquery reads the audit stream, so auditd can not: --disable_audit=false'
    ELSE ''
  END AS cause
FROM found;
"""

QUERIES = (
    Query(
        "audit_rules_not_loaded",
        _NOT_LOADED,
        HOUR,
        "Lines of the rules files that boot loads whose rule the kernel does not have, with file and cause; else none.",
        "Rules that somebody wrote and nobody loaded: the usual reason why a host audits less than its files say.",
    ),
    Query(
        "audit_rules_not_persistent",
        _NOT_PERSISTENT,
        HOUR,
        "Rules of the kernel that boot would not load again; else none.",
        "Rules that are gone after the next reboot, or that somebody added by hand.",
    ),
    Query(
        "audit_load_stopped",
        _STOPPED,
        HOUR,
        "The line at which auditctl stops loading, and lines that it refuses, with the reason; else none.",
        "Every rule behind such a line is missing without a word in the kernel.",
    ),
    Query(
        "audit_augenrules_stale",
        _STALE,
        HOUR,
        "Is audit.rules what augenrules would make of rules.d? stale, none or unknown.",
        "Somebody changed rules.d and did not load it, or edited a file that the next load overwrites.",
    ),
    Query(
        "audit_osquery_owns_audit",
        _OWNED,
        HOUR,
        "Does osquery itself take part in auditing? wipes, configures, consumes, none or unknown.",
        "osquery can delete every rule at its start; then nothing else here is the administrator's doing.",
    ),
)
