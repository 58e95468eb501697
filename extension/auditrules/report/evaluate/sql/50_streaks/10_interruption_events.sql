-- What makes a slot unknown, whatever its observations say. Within a second it comes after removals, and before snapshots
-- and changes: what concerns one query first, then what concerns the whole host, then what a snapshot leaves out.
WITH dated AS (
  SELECT
    coalesce(host_aliases.key, interruptions.host) AS key,
    interruptions.query,
    interruptions.state,
    least(interruptions.time, parameters.until) AS time
  FROM interruptions
  CROSS JOIN parameters
  LEFT JOIN host_aliases ON host_aliases.host = interruptions.host
      AND host_aliases.identifier IS NOT DISTINCT FROM interruptions.identifier
      AND host_aliases.name IS NOT DISTINCT FROM interruptions.name
  WHERE
    interruptions.time >= parameters.earliest
    AND interruptions.time <= parameters.horizon
    AND interruptions.time <= parameters.latest
),
named AS (
  SELECT
    multi_target_slots.subject,
    multi_target_slots.slot,
    target_observations.query_base,
    target_observations.action,
    target_observations.is_shared,
    least(target_observations.time, parameters.until) AS time
  FROM target_observations
  CROSS JOIN parameters
  JOIN multi_target_slots
    ON
      multi_target_slots.subject = target_observations.subject
      AND multi_target_slots.target = target_observations.target
  WHERE target_observations.action <> 'removed' AND target_observations.dated = 1
),
known AS (
  SELECT DISTINCT subject, slot, query_base, is_shared FROM named
),
reported_elsewhere AS (
  SELECT DISTINCT left_out.key, left_out.benchmark, left_out.version, left_out.control, left_out.query_base, left_out.time
  FROM left_out
  CROSS JOIN parameters
  JOIN subjects
    ON
      subjects.key = left_out.key
      AND subjects.benchmark = left_out.benchmark
      AND subjects.version = left_out.version
      AND subjects.control = left_out.control
  JOIN series_subjects ON series_subjects.subject = subjects.subject
  JOIN attributed_observations
    ON
      attributed_observations.host_digest = series_subjects.host_digest
      AND attributed_observations.target_digest = series_subjects.target_digest
  WHERE
    attributed_observations.action <> 'removed'
    AND query_base(attributed_observations.query) <> left_out.query_base
    AND attributed_observations.time BETWEEN left_out.time - parameters.max_age AND left_out.time
)
SELECT slots.slot, order_key(dated.time, 1, state_code(dated.state)) AS order_key
FROM dated
JOIN query_controls ON query_controls.key = dated.key AND query_controls.query = dated.query
JOIN subjects
  ON
    subjects.key = dated.key
    AND subjects.benchmark = query_controls.benchmark
    AND subjects.version = query_controls.version
    AND subjects.control = query_controls.control
JOIN slots ON slots.subject = subjects.subject
LEFT JOIN known
  ON
    known.slot = slots.slot
    AND known.query_base = query_base(dated.query)
WHERE dated.state <> 'gone' OR slots.slot > 0 OR known.slot IS NOT NULL
UNION ALL
SELECT slots.slot, order_key(dated.time, 2, state_code(dated.state)) AS order_key
FROM dated
JOIN subjects ON subjects.key = dated.key
JOIN slots ON slots.subject = subjects.subject
WHERE dated.query = ''
UNION ALL
-- A snapshot is all there is of its query: a control that it leaves out is gone, if no other query reports it.
SELECT slots.slot, order_key(left_out.time, 3, state_code('gone')) AS order_key
FROM left_out
JOIN subjects
  ON
    subjects.key = left_out.key
    AND subjects.benchmark = left_out.benchmark
    AND subjects.version = left_out.version
    AND subjects.control = left_out.control
JOIN slots ON slots.subject = subjects.subject
LEFT JOIN reported_elsewhere
  ON
    reported_elsewhere.key = left_out.key
    AND reported_elsewhere.benchmark = left_out.benchmark
    AND reported_elsewhere.version = left_out.version
    AND reported_elsewhere.control = left_out.control
    AND reported_elsewhere.query_base = left_out.query_base
    AND reported_elsewhere.time = left_out.time
WHERE reported_elsewhere.key IS NULL
UNION ALL
-- So is a target that it does not name, if no other query names it. A query that reports several controls, and one that
-- reports a control of it alone, both report all targets of the control: there the newest counts.
SELECT DISTINCT known.slot, order_key(runs.time, 3, state_code('gone')) AS order_key
FROM (SELECT DISTINCT subject, query_base, time, is_shared FROM named WHERE action = 'snapshot') AS runs
CROSS JOIN parameters
JOIN known
  ON
    known.subject = runs.subject
    AND (known.query_base = runs.query_base OR known.is_shared = 1 OR runs.is_shared = 1)
LEFT JOIN named AS present
  ON
    present.slot = known.slot
    AND present.query_base = runs.query_base
    AND present.time = runs.time
    AND present.action = 'snapshot'
LEFT JOIN named AS elsewhere
  ON
    elsewhere.slot = known.slot
    AND elsewhere.query_base <> runs.query_base
    AND elsewhere.is_shared = 0
    AND runs.is_shared = 0
    AND elsewhere.time BETWEEN runs.time - parameters.max_age AND runs.time
WHERE present.slot IS NULL AND elsewhere.slot IS NULL
