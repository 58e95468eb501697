-- All that is said of a slot, in one stream: rows, and what makes them unknown. `what` is a status, or gone, failed, lost.
SELECT subject, slot, time, place, status AS what FROM rows_said
UNION ALL
SELECT
  subjects.subject,
  slots.slot,
  least(interruptions.time, parameters.until) AS time,
  10 AS place,
  interruptions.what
FROM interruptions
CROSS JOIN parameters
JOIN queries ON queries.query = interruptions.query
LEFT JOIN aliases ON aliases.host = interruptions.host AND aliases.name = interruptions.name
JOIN subjects
  ON
    subjects.key = coalesce(aliases.key, interruptions.host)
    AND subjects.benchmark = queries.benchmark
    AND subjects.version = queries.version
    AND subjects.control = queries.control
JOIN slots ON slots.subject = subjects.subject
WHERE
  interruptions.time >= parameters.earliest
  AND interruptions.time <= parameters.horizon
  AND interruptions.time <= parameters.latest
UNION ALL
SELECT
  subjects.subject,
  slots.slot,
  least(interruptions.time, parameters.until) AS time,
  11 AS place,
  interruptions.what
FROM interruptions
CROSS JOIN parameters
LEFT JOIN aliases ON aliases.host = interruptions.host AND aliases.name = interruptions.name
JOIN subjects ON subjects.key = coalesce(aliases.key, interruptions.host)
JOIN slots ON slots.subject = subjects.subject
WHERE
  interruptions.query = ''
  AND interruptions.time >= parameters.earliest
  AND interruptions.time <= parameters.horizon
  AND interruptions.time <= parameters.latest
UNION ALL
-- A snapshot is all there is: a target that it does not name is gone.
SELECT runs.subject, slots.slot, runs.time, 12 AS place, 'gone' AS what
FROM (
  SELECT DISTINCT said.subject, said.time
  FROM rows_said AS said
  JOIN several ON several.subject = said.subject
  WHERE said.place BETWEEN 20 AND 29
) AS runs
JOIN slots ON slots.subject = runs.subject
LEFT JOIN rows_said AS present
  ON
    present.subject = runs.subject
    AND present.slot = slots.slot
    AND present.time = runs.time
    AND present.place BETWEEN 20 AND 29
WHERE present.subject IS NULL
