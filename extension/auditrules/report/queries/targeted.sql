-- The rows of each host and control of which more than one target was ever named. `base` is what a query shares with the
-- twin that takes its snapshots.
SELECT DISTINCT
  subjects.subject,
  replace(replace(verdicts.query, ' - snapshot', ''), '_snapshot', '') AS base,
  verdicts.time,
  verdicts.kind,
  verdicts.target,
  CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN 1 ELSE 0 END AS dated
FROM verdicts
CROSS JOIN parameters
LEFT JOIN aliases ON aliases.host = verdicts.host AND aliases.name = verdicts.name
JOIN subjects
  ON
    subjects.key = coalesce(aliases.key, verdicts.host)
    AND subjects.benchmark = verdicts.benchmark
    AND subjects.version = verdicts.version
    AND subjects.control = verdicts.control
WHERE
  subjects.moving = 1
  AND (verdicts.time <= parameters.horizon OR verdicts.time > parameters.latest)
