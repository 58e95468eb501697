-- The latest word of each slot and what it counts as. A target that is gone does not count where others are left.
WITH latest AS (
  SELECT subject, slot, what, first_time, last_time FROM spells WHERE age = 1
),
left_over AS (
  SELECT DISTINCT subject FROM latest WHERE what <> 'gone'
),
lost_slots AS (
  SELECT slot, row_number() OVER (PARTITION BY subject ORDER BY last_time DESC, slot) AS place
  FROM latest
  WHERE what = 'gone' AND subject NOT IN (SELECT subject FROM left_over)
),
told AS (
  SELECT coalesce(aliases.key, interruptions.host) AS key, interruptions.query, interruptions.what,
    least(interruptions.time, parameters.until) AS time, max(interruptions.message) AS message
  FROM interruptions
  CROSS JOIN parameters
  LEFT JOIN aliases ON aliases.host = interruptions.host AND aliases.name = interruptions.name
  WHERE interruptions.what = 'failed'
  GROUP BY coalesce(aliases.key, interruptions.host), interruptions.query, interruptions.what,
    least(interruptions.time, parameters.until)
),
failures_told AS (
  SELECT subjects.subject, told.time, max(told.query) AS query, max(told.message) AS message
  FROM told
  JOIN subjects ON subjects.key = told.key
  LEFT JOIN queries ON queries.query = told.query
  WHERE
    told.query = ''
    OR (
      queries.benchmark = subjects.benchmark
      AND queries.version = subjects.version
      AND queries.control = subjects.control
    )
  GROUP BY subjects.subject, told.time
),
reasons AS (
  SELECT
    subjects.subject,
    subjects.key,
    subjects.benchmark,
    subjects.version,
    subjects.control,
    slots.slot,
    latest.what,
    latest.first_time,
    latest.last_time,
    said.last_time AS seen,
    said.last_turn AS turn,
    said.what AS said,
    CASE
      WHEN hosts.missing = 1 THEN 'missing'
      WHEN latest.last_time IS NULL AND subjects.undated > 0 THEN 'clock_wrong'
      WHEN latest.last_time IS NULL AND parameters.until - coalesce(hosts.last_time, parameters.until) > parameters.max_age
        THEN 'stale'
      WHEN latest.last_time IS NULL THEN 'no_rows'
      WHEN parameters.until - latest.last_time > parameters.max_age AND subjects.undated > 0 THEN 'clock_wrong'
      WHEN parameters.until - latest.last_time > parameters.max_age THEN 'stale'
      WHEN latest.what = 'lost' THEN 'extension_missing'
      WHEN latest.what = 'failed' THEN 'query_failed'
      WHEN latest.what = 'gone' AND said.what IS NULL THEN 'no_rows'
      WHEN latest.what = 'gone' THEN 'gone'
      WHEN doubts.slot IS NOT NULL THEN 'clock_wrong'
      ELSE ''
    END AS given
  FROM subjects
  CROSS JOIN parameters
  JOIN hosts ON hosts.key = subjects.key
  JOIN slots ON slots.subject = subjects.subject
  LEFT JOIN latest ON latest.slot = slots.slot
  LEFT JOIN said ON said.slot = slots.slot
  LEFT JOIN doubts ON doubts.slot = latest.slot AND doubts.what = latest.what
  LEFT JOIN lost_slots ON lost_slots.slot = slots.slot
  WHERE
    (latest.what IS NULL OR latest.what <> 'gone' OR lost_slots.place = 1)
    AND subjects.left_at IS NULL
)
SELECT
  reasons.subject,
  reasons.key,
  reasons.benchmark,
  reasons.version,
  reasons.control,
  reasons.slot,
  CASE WHEN reasons.given = '' THEN reasons.what ELSE 'unknown' END AS status,
  reasons.given,
  CASE
    WHEN reasons.given IN ('missing', 'clock_wrong') THEN NULL
    WHEN reasons.given = 'stale' THEN reasons.last_time + parameters.max_age
    ELSE reasons.first_time
  END AS since,
  reasons.seen,
  reasons.turn,
  coalesce(failures_told.query, '') AS failed_query,
  coalesce(failures_told.message, '') AS message,
  CASE
    WHEN waived.until >= parameters.until AND (reasons.given <> '' OR reasons.what IN ('fail', 'unknown')) THEN 1 ELSE 0
  END AS waived
FROM reasons
CROSS JOIN parameters
LEFT JOIN failures_told
  ON failures_told.subject = reasons.subject AND failures_told.time = reasons.last_time AND reasons.what = 'failed'
LEFT JOIN waived
  ON
    waived.key = reasons.key
    AND waived.benchmark = reasons.benchmark
    AND waived.version = reasons.version
    AND waived.control = reasons.control
