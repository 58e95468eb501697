-- The rows, as narrow as they get. `turn` is their order: within one second a removal comes before what was added, and a
-- snapshot before a change, since a change is logged at once and a snapshot may be a moment older.
SELECT
  coalesce(several.slot, subjects.subject) AS slot,
  least(verdicts.time, parameters.until) AS time,
  least(verdicts.time, parameters.until) * 64
  + CASE verdicts.kind WHEN 'removed' THEN 0 WHEN 'snapshot' THEN 20 ELSE 30 END
  + CASE verdicts.status WHEN 'fail' THEN 3 WHEN 'pass' THEN 1 WHEN 'not_applicable' THEN 0 ELSE 2 END AS turn,
  CASE
    WHEN verdicts.kind = 'removed' THEN 'gone'
    WHEN verdicts.status IN ('fail', 'pass', 'not_applicable') THEN verdicts.status
    ELSE 'unknown'
  END AS what,
  verdicts.line
FROM verdicts
CROSS JOIN parameters
LEFT JOIN aliases ON aliases.host = verdicts.host AND aliases.name = verdicts.name
JOIN subjects
  ON
    subjects.key = coalesce(aliases.key, verdicts.host)
    AND subjects.benchmark = verdicts.benchmark
    AND subjects.version = verdicts.version
    AND subjects.control = verdicts.control
LEFT JOIN several ON several.subject = subjects.subject AND several.target = verdicts.target
WHERE
  verdicts.time >= parameters.earliest
  AND verdicts.time <= parameters.horizon
  AND verdicts.time <= parameters.latest
