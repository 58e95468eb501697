-- The verdict of each slot: the last status, or `unknown` with an `override_reason` where it does not count. A target that
-- is gone does not count where others are left.
WITH latest AS (
  SELECT subject, slot, state, first_time, last_time FROM status_streaks WHERE is_last = 1
),
subjects_left AS (
  SELECT DISTINCT subject FROM latest WHERE state <> 'gone'
),
gone_slots AS (
  SELECT slot, row_number() OVER (PARTITION BY subject ORDER BY last_time DESC, slot) AS place
  FROM latest
  WHERE state = 'gone' AND subject NOT IN (SELECT subject FROM subjects_left)
),
failures AS (
  SELECT
    coalesce(host_aliases.key, interruptions.host) AS key,
    interruptions.query,
    least(interruptions.time, parameters.until) AS time,
    max(interruptions.message) AS message
  FROM interruptions
  CROSS JOIN parameters
  LEFT JOIN host_aliases ON host_aliases.host = interruptions.host
      AND host_aliases.identifier IS NOT DISTINCT FROM interruptions.identifier
      AND host_aliases.name IS NOT DISTINCT FROM interruptions.name
  WHERE interruptions.state = 'query_failed'
  GROUP BY
    coalesce(host_aliases.key, interruptions.host), interruptions.query, least(interruptions.time, parameters.until)
),
rests AS (
  SELECT slot, count(*) AS target_count FROM multi_target_slots WHERE is_rest = 1 GROUP BY slot
),
subject_failures AS (
  SELECT subjects.subject, failures.time, max(failures.query) AS query, max(failures.message) AS message
  FROM failures
  JOIN subjects ON subjects.key = failures.key
  LEFT JOIN query_controls ON query_controls.key = failures.key AND query_controls.query = failures.query
  WHERE
    failures.query = ''
    OR (
      query_controls.benchmark = subjects.benchmark
      AND query_controls.version = subjects.version
      AND query_controls.control = subjects.control
    )
  GROUP BY subjects.subject, failures.time
),
reasoned AS (
  SELECT
    subjects.subject,
    subjects.key,
    subjects.benchmark,
    subjects.version,
    subjects.control,
    slots.slot,
    latest.state,
    latest.first_time,
    latest.last_time,
    last_reported_status.last_time AS seen,
    last_reported_status.last_key AS order_key,
    CASE
      WHEN hosts.missing = 1 THEN 'missing'
      WHEN latest.last_time IS NULL AND subjects.undated > 0 THEN 'clock_wrong'
      WHEN
        latest.last_time IS NULL
        AND parameters.until - coalesce(hosts.last_time, parameters.until) > parameters.max_age
        THEN 'stale'
      WHEN latest.last_time IS NULL THEN 'no_rows'
      WHEN parameters.until - latest.last_time > parameters.max_age AND subjects.undated > 0 THEN 'clock_wrong'
      WHEN parameters.until - latest.last_time > parameters.max_age THEN 'stale'
      WHEN latest.state IN ('extension_missing', 'query_failed') THEN latest.state
      WHEN latest.state = 'gone' AND last_reported_status.state IS NULL THEN 'no_rows'
      WHEN latest.state = 'gone' THEN 'gone'
      WHEN clock_conflicts.slot IS NOT NULL THEN 'clock_wrong'
      WHEN slots.is_rest = 1 THEN 'too_many_targets'
      ELSE ''
    END AS override_reason
  FROM subjects
  CROSS JOIN parameters
  JOIN hosts ON hosts.key = subjects.key
  JOIN slots ON slots.subject = subjects.subject
  LEFT JOIN latest ON latest.slot = slots.slot
  LEFT JOIN last_reported_status ON last_reported_status.slot = slots.slot
  LEFT JOIN clock_conflicts ON clock_conflicts.slot = latest.slot AND clock_conflicts.state = latest.state
  LEFT JOIN gone_slots ON gone_slots.slot = slots.slot
  WHERE
    (latest.state IS NULL OR latest.state <> 'gone' OR gone_slots.place = 1)
    AND subjects.superseded_at IS NULL
)
SELECT
  reasoned.subject,
  reasoned.key,
  reasoned.benchmark,
  reasoned.version,
  reasoned.control,
  reasoned.slot,
  CASE WHEN reasoned.override_reason = '' THEN reasoned.state ELSE 'unknown' END AS status,
  reasoned.override_reason,
  CASE
    WHEN reasoned.override_reason IN ('missing', 'clock_wrong') THEN NULL
    WHEN reasoned.override_reason = 'stale' THEN reasoned.last_time + parameters.max_age
    ELSE reasoned.first_time
  END AS since,
  reasoned.seen,
  reasoned.order_key,
  coalesce(subject_failures.query, '') AS failed_query,
  coalesce(subject_failures.message, CAST(rests.target_count AS VARCHAR), '') AS message,
  CASE
    WHEN
      waived_subjects.until >= parameters.until
      AND (reasoned.override_reason <> '' OR reasoned.state IN ('fail', 'unknown'))
      THEN 1
    ELSE 0
  END AS waived
FROM reasoned
CROSS JOIN parameters
LEFT JOIN subject_failures
  ON
    subject_failures.subject = reasoned.subject
    AND subject_failures.time = reasoned.last_time
    AND reasoned.state = 'query_failed'
LEFT JOIN rests ON rests.slot = reasoned.slot AND reasoned.override_reason = 'too_many_targets'
LEFT JOIN waived_subjects
  ON
    waived_subjects.key = reasoned.key
    AND waived_subjects.benchmark = reasoned.benchmark
    AND waived_subjects.version = reasoned.version
    AND waived_subjects.control = reasoned.control
