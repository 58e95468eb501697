-- What changed within the window: statuses that hosts reported, and verdicts and targets that are no longer reported.
SELECT
  status_changes.first_time AS time,
  subjects.key,
  subjects.benchmark,
  subjects.version,
  subjects.control,
  coalesce(shown_observations.target, '') AS target,
  status_changes.before,
  status_changes.state AS after,
  '' AS override_reason,
  coalesce(shown_observations.evidence, '') AS evidence,
  status_changes.first_time AS seen,
  '' AS failed_query,
  '' AS message
FROM status_changes
CROSS JOIN parameters
JOIN subjects ON subjects.subject = status_changes.subject
LEFT JOIN shown_observations
  ON
    shown_observations.slot = status_changes.slot
    AND shown_observations.order_key = status_changes.first_key
WHERE status_changes.first_time >= parameters.since
UNION ALL
SELECT
  verdicts.since AS time,
  verdicts.key,
  verdicts.benchmark,
  verdicts.version,
  verdicts.control,
  coalesce(shown_observations.target, '') AS target,
  last_reported_status.state AS before,
  'unknown' AS after,
  verdicts.override_reason,
  '' AS evidence,
  verdicts.seen,
  verdicts.failed_query,
  verdicts.message
FROM verdicts
CROSS JOIN parameters
JOIN last_reported_status ON last_reported_status.slot = verdicts.slot
LEFT JOIN shown_observations
  ON shown_observations.slot = verdicts.slot AND shown_observations.order_key = verdicts.order_key
WHERE
  verdicts.override_reason IN ('stale', 'query_failed', 'extension_missing', 'gone')
  AND verdicts.since >= parameters.since
UNION ALL
SELECT
  status_streaks.first_time AS time,
  subjects.key,
  subjects.benchmark,
  subjects.version,
  subjects.control,
  multi_target_slots.target,
  last_reported_status.state AS before,
  'gone' AS after,
  'gone' AS override_reason,
  '' AS evidence,
  last_reported_status.last_time AS seen,
  '' AS failed_query,
  '' AS message
FROM status_streaks
CROSS JOIN parameters
JOIN subjects ON subjects.subject = status_streaks.subject
JOIN last_reported_status ON last_reported_status.slot = status_streaks.slot
JOIN multi_target_slots ON multi_target_slots.slot = status_streaks.slot AND multi_target_slots.is_rest = 0
LEFT JOIN verdicts ON verdicts.slot = status_streaks.slot
WHERE
  status_streaks.is_last = 1
  AND status_streaks.state = 'gone'
  AND verdicts.subject IS NULL
  AND status_streaks.first_time >= parameters.since
