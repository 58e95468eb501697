-- Host and control of which one run gave rows of more than one target: there each target has a status of its own.
-- Everywhere else the newest row replaces the one before, whatever target decided.
SELECT DISTINCT subject
FROM (
  SELECT subjects.subject
  FROM verdicts
  LEFT JOIN aliases ON aliases.host = verdicts.host AND aliases.name = verdicts.name
  JOIN subjects
    ON
      subjects.key = coalesce(aliases.key, verdicts.host)
      AND subjects.benchmark = verdicts.benchmark
      AND subjects.version = verdicts.version
      AND subjects.control = verdicts.control
  WHERE subjects.moving = 1 AND verdicts.kind <> 'removed'
  GROUP BY subjects.subject, verdicts.query, verdicts.time, verdicts.kind
  HAVING count(DISTINCT verdicts.target) > 1
) AS runs
