-- What makes a slot unknown, whatever its rows say. In the order of `turn` it comes after the removals within a second, and
-- before the snapshots and changes.
WITH told AS (
  SELECT
    coalesce(aliases.key, interruptions.host) AS key,
    interruptions.query,
    CASE interruptions.what WHEN 'gone' THEN 4 WHEN 'failed' THEN 5 ELSE 6 END AS what,
    least(interruptions.time, parameters.until) AS time
  FROM interruptions
  CROSS JOIN parameters
  LEFT JOIN aliases ON aliases.host = interruptions.host AND aliases.name = interruptions.name
  WHERE
    interruptions.time >= parameters.earliest
    AND interruptions.time <= parameters.horizon
    AND interruptions.time <= parameters.latest
),
named AS (
  SELECT
    several.subject, several.slot, targeted.base, targeted.kind, least(targeted.time, parameters.until) AS time
  FROM targeted
  CROSS JOIN parameters
  JOIN several ON several.subject = targeted.subject AND several.target = targeted.target
  WHERE targeted.kind <> 'removed' AND targeted.dated = 1
),
known AS (
  SELECT DISTINCT subject, slot, base FROM named
)
SELECT slots.slot, told.time * 64 + 8 + told.what AS turn
FROM told
JOIN queries ON queries.query = told.query
JOIN subjects
  ON
    subjects.key = told.key
    AND subjects.benchmark = queries.benchmark
    AND subjects.version = queries.version
    AND subjects.control = queries.control
JOIN slots ON slots.subject = subjects.subject
LEFT JOIN known
  ON known.slot = slots.slot AND known.base = replace(replace(told.query, ' - snapshot', ''), '_snapshot', '')
WHERE told.what <> 4 OR slots.slot > 0 OR known.slot IS NOT NULL
UNION ALL
SELECT slots.slot, told.time * 64 + 16 + told.what AS turn
FROM told
JOIN subjects ON subjects.key = told.key
JOIN slots ON slots.subject = subjects.subject
WHERE told.query = ''
UNION ALL
-- A snapshot is all there is of its query: a target that it does not name is gone, if no other query names it.
SELECT known.slot, runs.time * 64 + 24 + 4 AS turn
FROM (SELECT DISTINCT subject, base, time FROM named WHERE kind = 'snapshot') AS runs
CROSS JOIN parameters
JOIN known ON known.subject = runs.subject AND known.base = runs.base
LEFT JOIN named AS present
  ON
    present.slot = known.slot
    AND present.base = runs.base
    AND present.time = runs.time
    AND present.kind = 'snapshot'
LEFT JOIN named AS elsewhere
  ON
    elsewhere.slot = known.slot
    AND elsewhere.base <> runs.base
    AND elsewhere.time BETWEEN runs.time - parameters.max_age AND runs.time
WHERE present.slot IS NULL AND elsewhere.slot IS NULL
