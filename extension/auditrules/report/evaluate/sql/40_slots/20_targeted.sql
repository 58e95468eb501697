-- The rows of each host and control of which more than one target was ever named. `base` is what a query shares with the
-- twin that takes its snapshots.
SELECT DISTINCT
  speaking.subject,
  replace(replace(attributed.query, ' - snapshot', ''), '_snapshot', '') AS base,
  attributed.time,
  attributed.kind,
  speaking.target,
  CASE WHEN attributed.time BETWEEN parameters.earliest AND parameters.latest THEN 1 ELSE 0 END AS dated
FROM attributed
CROSS JOIN parameters
JOIN speaking ON speaking.speaker = attributed.speaker AND speaking.about = attributed.about
WHERE
  speaking.moving = 1
  AND (attributed.time <= parameters.horizon OR attributed.time > parameters.latest)
