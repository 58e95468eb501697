"""Queries on the audit log pipeline, from the kernel to the disk, with one row each.

A setting that is not in auditd.conf has auditd's own default (auditd-config.c, clear_config).
"""

from __future__ import annotations

from auditrules.plugin.pack import DAY, HOUR, Query

_PIPELINE = """\
WITH
status AS MATERIALIZED (
  SELECT state, error, enabled, pid, consumer, lost, backlog, backlog_limit, rate_limit, failure FROM audit_status
),
judged AS (
  SELECT
    *,
    CASE
      WHEN state NOT IN ('ok', 'no_rules', 'disabled') OR pid IS NULL OR enabled IS NULL THEN 'unreadable'
      WHEN enabled = 0 THEN 'disabled'
      WHEN lost IS NULL OR backlog IS NULL OR backlog_limit IS NULL THEN 'unreadable'
      WHEN lost > 0 THEN 'records_lost'
      WHEN backlog_limit > 0 AND backlog >= backlog_limit THEN 'backlog_full'
      WHEN pid = 0 THEN 'no_consumer'
      WHEN consumer = '' THEN 'consumer_gone'
      ELSE 'consumed'
    END AS reason
  FROM status
)
SELECT
  CASE
    WHEN reason = 'consumed' THEN 'pass'
    WHEN reason IN ('unreadable', 'no_consumer', 'consumer_gone') THEN 'unknown'
    ELSE 'fail'
  END AS status,
  reason,
  CASE reason
    WHEN 'unreadable' THEN coalesce(nullif(error, ''), 'the status of the kernel is not known')
    WHEN 'disabled' THEN 'auditing is off (enabled 0): there are no records'
    WHEN 'records_lost' THEN lost || ' records were lost since the counter was reset'
    WHEN 'backlog_full' THEN backlog || ' records wait, and the limit is ' || backlog_limit
    WHEN 'no_consumer' THEN
      'no process owns the audit stream: records go to the kernel''s log, and to whoever may listen to the multicast '
        || 'group'
    WHEN 'consumer_gone' THEN 'the stream belongs to process ' || pid || ', whose name is not known'
    ELSE consumer || ' reads the records'
  END
  || CASE
       WHEN rate_limit > 0 THEN '; no more than ' || rate_limit || ' records a second, what is above is lost' ELSE ''
     END AS evidence,
  CASE reason
    WHEN 'unreadable' THEN 'Read the kernel''s status as root with CAP_AUDIT_CONTROL in the host''s own namespaces.'
    WHEN 'disabled' THEN 'Run auditctl -e 1, and see that auditd starts at boot or the kernel is booted with audit=1.'
    WHEN 'records_lost' THEN
      'Raise the backlog limit (-b in /etc/audit/rules.d, then augenrules --load), then run auditctl --reset-lost.'
    WHEN 'backlog_full' THEN 'See why the reader does not keep up; raise the backlog limit (-b in /etc/audit/rules.d).'
    WHEN 'no_consumer' THEN 'Start auditd, or see that something else reads the records, as journald or osqueryd may.'
    WHEN 'consumer_gone' THEN 'See which process that is.'
    ELSE ''
  END AS remediation,
  pid, consumer, lost, backlog, backlog_limit, rate_limit, failure
FROM judged;
"""

# The last line of a setting counts. A line that auditd refuses makes it refuse the whole file.
_SETTINGS = """\
lines AS MATERIALIZED (SELECT name, value, line, error FROM auditd_settings),
refused AS (SELECT group_concat(error, '; ') AS errors, count(*) AS number FROM lines WHERE error != ''),
settings AS MATERIALIZED (
  SELECT lower(name) AS name, value, max(line) FROM lines WHERE error = '' GROUP BY lower(name)
)"""

_ROTATION = f"""\
WITH
{_SETTINGS},
found AS MATERIALIZED (
  SELECT
    lower(coalesce((SELECT value FROM settings WHERE name = 'max_log_file_action'), 'ignore')) AS max_log_file_action,
    CAST(coalesce((SELECT value FROM settings WHERE name = 'num_logs'), '0') AS INTEGER) AS num_logs,
    lower(coalesce((SELECT value FROM settings WHERE name = 'space_left_action'), 'ignore')) AS space_left_action,
    lower(coalesce((SELECT value FROM settings WHERE name = 'disk_full_action'), 'ignore')) AS disk_full_action
),
judged AS (
  SELECT
    *,
    CASE
      WHEN NOT EXISTS (SELECT 1 FROM lines) THEN 'no_settings'
      WHEN (SELECT number FROM refused) > 0 THEN 'unreadable'
      WHEN max_log_file_action NOT IN ('rotate', 'keep_logs') THEN 'not_rotated'
      WHEN max_log_file_action = 'rotate' AND num_logs < 2 THEN 'not_rotated'
      WHEN space_left_action = 'ignore' THEN 'space_ignored'
      WHEN disk_full_action = 'ignore' THEN 'full_disk_ignored'
      ELSE 'rotated'
    END AS reason
  FROM found
)
SELECT
  CASE reason
    WHEN 'rotated' THEN 'pass' WHEN 'no_settings' THEN 'not_applicable' WHEN 'unreadable' THEN 'unknown' ELSE 'fail'
  END AS status,
  reason,
  CASE reason
    WHEN 'no_settings' THEN 'there is no /etc/audit/auditd.conf, or it is empty'
    WHEN 'unreadable' THEN '/etc/audit/auditd.conf: ' || (SELECT errors FROM refused)
    ELSE
      'max_log_file_action = ' || max_log_file_action || ', num_logs = ' || num_logs
      || ', space_left_action = ' || space_left_action || ', disk_full_action = ' || disk_full_action
  END AS evidence,
  CASE reason
    WHEN 'unreadable' THEN 'Mend the lines that the evidence names: auditd does not start with them.'
    WHEN 'not_rotated' THEN
      'Set max_log_file_action = ROTATE and num_logs = 5, or max_log_file_action = KEEP_LOGS where logs are archived.'
    WHEN 'space_ignored' THEN 'Set space_left_action to what somebody hears of, such as SYSLOG or EMAIL.'
    WHEN 'full_disk_ignored' THEN 'Set disk_full_action to SUSPEND, or to HALT where nothing may go unrecorded.'
    ELSE ''
  END AS remediation,
  max_log_file_action, num_logs, space_left_action, disk_full_action
FROM judged;
"""  # noqa: S608 - the parts are ours

_FORMAT = f"""\
WITH
{_SETTINGS},
found AS MATERIALIZED (
  SELECT
    lower(coalesce((SELECT value FROM settings WHERE name = 'log_format'), 'raw')) AS log_format,
    lower(coalesce((SELECT value FROM settings WHERE name = 'write_logs'), 'yes')) AS write_logs
),
judged AS (
  SELECT
    *,
    CASE
      WHEN NOT EXISTS (SELECT 1 FROM lines) THEN 'no_settings'
      WHEN (SELECT number FROM refused) > 0 THEN 'unreadable'
      WHEN write_logs != 'yes' OR log_format = 'nolog' THEN 'not_written'
      WHEN log_format != 'enriched' THEN 'not_enriched'
      ELSE 'enriched'
    END AS reason
  FROM found
)
SELECT
  CASE reason
    WHEN 'enriched' THEN 'pass' WHEN 'no_settings' THEN 'not_applicable' WHEN 'unreadable' THEN 'unknown' ELSE 'fail'
  END AS status,
  reason,
  CASE reason
    WHEN 'no_settings' THEN 'there is no /etc/audit/auditd.conf, or it is empty'
    WHEN 'unreadable' THEN '/etc/audit/auditd.conf: ' || (SELECT errors FROM refused)
    ELSE 'log_format = ' || log_format || ', write_logs = ' || write_logs
  END AS evidence,
  CASE reason
    WHEN 'unreadable' THEN 'Mend the lines that the evidence names: auditd does not start with them.'
    WHEN 'not_written' THEN 'Set write_logs = yes, or see that what reads the records instead keeps them.'
    WHEN 'not_enriched' THEN 'Set log_format = ENRICHED: names are resolved on the host that knows them.'
    ELSE ''
  END AS remediation,
  log_format, write_logs
FROM judged;
"""  # noqa: S608 - the parts are ours

# The directory of the log is the path up to its last slash: rtrim removes the other characters from the end.
_PARTITION = f"""\
WITH
{_SETTINGS},
log AS MATERIALIZED (
  SELECT path, rtrim(rtrim(path, replace(path, '/', '')), '/') AS folder
  FROM (SELECT coalesce((SELECT value FROM settings WHERE name = 'log_file'), '/var/log/audit/audit.log') AS path)
),
mounted AS MATERIALIZED (SELECT path, device, type FROM mounts),
under AS MATERIALIZED (
  SELECT mounted.path, mounted.device, mounted.type FROM mounted CROSS JOIN log
  WHERE substr(log.folder || '/', 1, length(rtrim(mounted.path, '/')) + 1) = rtrim(mounted.path, '/') || '/'
  ORDER BY length(mounted.path) DESC LIMIT 1
),
judged AS (
  SELECT
    log.folder, under.path AS mount, under.device, under.type,
    CASE
      WHEN (SELECT number FROM refused) > 0 OR under.path IS NULL THEN 'unreadable'
      WHEN under.path = log.folder THEN 'own_partition'
      ELSE 'shared_partition'
    END AS reason
  FROM log LEFT JOIN under ON true
)
SELECT
  CASE reason WHEN 'own_partition' THEN 'pass' WHEN 'unreadable' THEN 'unknown' ELSE 'fail' END AS status,
  reason,
  CASE
    WHEN reason != 'unreadable' THEN folder || ' is on the mount ' || mount || ' of ' || device || ' (' || type || ')'
    WHEN mount IS NULL THEN 'the mounts of this host are not known'
    ELSE '/etc/audit/auditd.conf: ' || (SELECT errors FROM refused)
  END AS evidence,
  CASE reason
    WHEN 'shared_partition' THEN 'Give ' || folder || ' a partition of its own, so that the log can fill nothing else.'
    WHEN 'unreadable' THEN 'Look at the mounts and at log_file in /etc/audit/auditd.conf on the host itself.'
    ELSE ''
  END AS remediation,
  folder, mount
FROM judged;
"""  # noqa: S608 - the parts are ours

QUERIES = (
    Query(
        "audit_pipeline",
        _PIPELINE,
        DAY,
        "One row: does anybody read the audit records, and were any lost? With pid, lost, backlog and limits.",
        "A rule that records is worth nothing where nobody reads, or records are dropped on the way.",
        snapshot=True,
        startup_priority=4,
    ),
    Query(
        "audit_log_rotation",
        _ROTATION,
        HOUR,
        "One row: does the audit log rotate, and what happens when the disk fills?",
        "A log that grows without end stops the host or its auditing; one that rotates too soon keeps nothing.",
    ),
    Query(
        "audit_log_partition",
        _PARTITION,
        HOUR,
        "One row: has the directory of the audit log a mount of its own?",
        "On a shared partition the audit log fills the disk for all, and others fill it for the audit log.",
    ),
    Query(
        "audit_log_format",
        _FORMAT,
        HOUR,
        "One row: is the audit log written, and with names resolved?",
        "Numbers of users and calls mean nothing to who reads the log elsewhere.",
    ),
)
