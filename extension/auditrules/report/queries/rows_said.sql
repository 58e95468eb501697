-- The rows, as narrow as they get. `place` orders what is said within one second: a removal before what was added, and a
-- snapshot before a change, since a change is logged at once and a snapshot may be a moment older.
SELECT
  subjects.subject,
  CASE WHEN several.subject IS NULL THEN '' ELSE verdicts.target END AS slot,
  least(verdicts.time, parameters.until) AS time,
  CASE verdicts.kind WHEN 'removed' THEN 0 WHEN 'snapshot' THEN 20 ELSE 30 END
  + CASE verdicts.status WHEN 'fail' THEN 3 WHEN 'pass' THEN 1 WHEN 'not_applicable' THEN 0 ELSE 2 END AS place,
  CASE
    WHEN verdicts.kind = 'removed' THEN 'gone'
    WHEN verdicts.status IN ('fail', 'pass', 'not_applicable') THEN verdicts.status
    ELSE 'unknown'
  END AS status,
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
LEFT JOIN several ON several.subject = subjects.subject
WHERE
  verdicts.time >= parameters.earliest
  AND verdicts.time <= parameters.horizon
  AND verdicts.time <= parameters.latest
