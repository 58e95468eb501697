-- What makes a slot unknown, whatever its observations say: queries that failed or returned no row, and an extension that is
-- not loaded. Within a second it comes after removals, and before snapshots and changes: what concerns one query first,
-- then what concerns the whole host.
WITH dated AS (
  SELECT DISTINCT
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
known AS (
  SELECT DISTINCT multi_target_slots.slot, target_observations.query_base
  FROM target_observations
  JOIN multi_target_slots
    ON
      multi_target_slots.subject = target_observations.subject
      AND multi_target_slots.target = target_observations.target
  WHERE target_observations.action <> 'removed' AND target_observations.dated = 1
)
SELECT slots.subject, slots.slot, order_key(dated.time, 1, state_code(dated.state)) AS order_key
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
SELECT slots.subject, slots.slot, order_key(dated.time, 2, state_code(dated.state)) AS order_key
FROM dated
JOIN subjects ON subjects.key = dated.key
JOIN slots ON slots.subject = subjects.subject
WHERE dated.query = ''
