-- Host and control of which one run gave rows of more than one target: there each target is a slot of its own, numbered
-- below zero. Everywhere else the newest row replaces the one before, whatever target decided.
WITH found AS (
  SELECT
    subjects.subject, verdicts.query, verdicts.time, verdicts.kind, verdicts.target
  FROM verdicts
  LEFT JOIN aliases ON aliases.host = verdicts.host AND aliases.name = verdicts.name
  JOIN subjects
    ON
      subjects.key = coalesce(aliases.key, verdicts.host)
      AND subjects.benchmark = verdicts.benchmark
      AND subjects.version = verdicts.version
      AND subjects.control = verdicts.control
  WHERE subjects.moving = 1
),
runs AS (
  SELECT DISTINCT subject
  FROM (
    SELECT subject
    FROM found
    WHERE kind <> 'removed'
    GROUP BY subject, query, time, kind
    HAVING count(DISTINCT target) > 1
  ) AS wide
)
SELECT subject, target, 0 - row_number() OVER (ORDER BY subject, target) AS slot
FROM (
  SELECT DISTINCT found.subject, found.target
  FROM found
  JOIN runs ON runs.subject = found.subject
) AS targets
