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
  SELECT DISTINCT subject, slot, query_base FROM named
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
-- A snapshot is all there is of its query: a target that it does not name is gone, if no other query names it.
SELECT known.slot, order_key(runs.time, 3, state_code('gone')) AS order_key
FROM (SELECT DISTINCT subject, query_base, time FROM named WHERE action = 'snapshot') AS runs
CROSS JOIN parameters
JOIN known ON known.subject = runs.subject AND known.query_base = runs.query_base
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
    AND elsewhere.time BETWEEN runs.time - parameters.max_age AND runs.time
WHERE present.slot IS NULL AND elsewhere.slot IS NULL
