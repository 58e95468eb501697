-- The observations of each subject of which more than one target was ever named. `query_base` is what a query shares with
-- the twin that takes its snapshots.
SELECT DISTINCT
  series_subjects.subject,
  query_base(attributed_observations.query) AS query_base,
  attributed_observations.time,
  attributed_observations.action,
  series_subjects.target,
  CASE
    WHEN attributed_observations.time BETWEEN parameters.earliest AND parameters.latest THEN 1
    ELSE 0
  END AS dated
FROM attributed_observations
CROSS JOIN parameters
JOIN series_subjects
  ON
    series_subjects.host_digest = attributed_observations.host_digest
    AND series_subjects.target_digest = attributed_observations.target_digest
WHERE
  series_subjects.has_targets = 1
  AND (
    attributed_observations.time <= parameters.horizon
    OR attributed_observations.time > parameters.latest
  )
