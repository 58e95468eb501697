-- The rows of each host and control of which more than one target was ever named. `base` is what a query shares with the
-- twin that takes its snapshots.
WITH moving AS (
  SELECT voices.speaker, voices.about, voices.target, subjects.subject
  FROM voices
  LEFT JOIN aliases ON aliases.host = voices.host AND aliases.name = voices.name
  JOIN subjects
    ON
      subjects.key = coalesce(aliases.key, voices.host)
      AND subjects.benchmark = voices.benchmark
      AND subjects.version = voices.version
      AND subjects.control = voices.control
  WHERE subjects.moving = 1
)
SELECT DISTINCT
  moving.subject,
  replace(replace(attributed.query, ' - snapshot', ''), '_snapshot', '') AS base,
  attributed.time,
  attributed.kind,
  moving.target,
  CASE WHEN attributed.time BETWEEN parameters.earliest AND parameters.latest THEN 1 ELSE 0 END AS dated
FROM attributed
CROSS JOIN parameters
JOIN moving ON moving.speaker = attributed.speaker AND moving.about = attributed.about
WHERE attributed.time <= parameters.horizon OR attributed.time > parameters.latest
