-- The rows of each host and control of which more than one target was ever named. `base` is what a query shares with the
-- twin that takes its snapshots.
SELECT DISTINCT
  placed.subject,
  replace(replace(placed.query, ' - snapshot', ''), '_snapshot', '') AS base,
  placed.time,
  placed.kind,
  placed.target,
  CASE WHEN placed.time BETWEEN parameters.earliest AND parameters.latest THEN 1 ELSE 0 END AS dated
FROM placed
CROSS JOIN parameters
WHERE
  placed.moving = 1
  AND (placed.time <= parameters.horizon OR placed.time > parameters.latest)
