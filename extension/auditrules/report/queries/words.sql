-- All that is said of a slot, in one stream: rows, and what makes them unknown. `what` is a status, or gone, failed, lost.
WITH breaks AS (
  SELECT
    coalesce(aliases.key, interruptions.host) AS key,
    interruptions.query,
    interruptions.what,
    least(interruptions.time, parameters.until) AS time
  FROM interruptions
  CROSS JOIN parameters
  LEFT JOIN aliases ON aliases.host = interruptions.host AND aliases.name = interruptions.name
  WHERE
    interruptions.time >= parameters.earliest
    AND interruptions.time <= parameters.horizon
    AND interruptions.time <= parameters.latest
),
snapshots AS (
  SELECT DISTINCT several.subject, rows_said.time, rows_said.slot
  FROM rows_said
  JOIN several ON several.slot = rows_said.slot
  WHERE rows_said.turn - rows_said.time * 64 BETWEEN 20 AND 29
)
SELECT slot, time, turn, what FROM rows_said
UNION ALL
SELECT slots.slot, breaks.time, breaks.time * 64 + 10 AS turn, breaks.what
FROM breaks
JOIN queries ON queries.query = breaks.query
JOIN subjects
  ON
    subjects.key = breaks.key
    AND subjects.benchmark = queries.benchmark
    AND subjects.version = queries.version
    AND subjects.control = queries.control
JOIN slots ON slots.subject = subjects.subject
UNION ALL
SELECT slots.slot, breaks.time, breaks.time * 64 + 11 AS turn, breaks.what
FROM breaks
JOIN subjects ON subjects.key = breaks.key
JOIN slots ON slots.subject = subjects.subject
WHERE breaks.query = ''
UNION ALL
-- A snapshot is all there is: a target that it does not name is gone.
SELECT several.slot, runs.time, runs.time * 64 + 12 AS turn, 'gone' AS what
FROM (SELECT DISTINCT subject, time FROM snapshots) AS runs
JOIN several ON several.subject = runs.subject
LEFT JOIN snapshots AS present ON present.slot = several.slot AND present.time = runs.time
WHERE present.slot IS NULL
