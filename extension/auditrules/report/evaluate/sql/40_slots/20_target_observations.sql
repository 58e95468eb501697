-- The observations of each subject of which more than one target was ever named. `query_base` is what a query shares with
-- the twin that takes its snapshots. `is_shared` is 1 where the query reports several controls.
SELECT
  series_subjects.subject,
  query_base(counted_observations.query) AS query_base,
  counted_observations.time,
  counted_observations.action,
  series_subjects.target,
  CASE
    WHEN counted_observations.time BETWEEN parameters.earliest AND parameters.latest THEN 1
    ELSE 0
  END AS dated,
  CASE WHEN shared_queries.key IS NULL THEN 0 ELSE 1 END AS is_shared,
  max(counted_observations.order_key) AS order_key
FROM counted_observations
CROSS JOIN parameters
JOIN series_subjects
  ON
    series_subjects.host_digest = counted_observations.host_digest
    AND series_subjects.target_digest = counted_observations.target_digest
JOIN subjects ON subjects.subject = series_subjects.subject
LEFT JOIN shared_queries
  ON
    shared_queries.key = subjects.key
    AND shared_queries.query_base = query_base(counted_observations.query)
WHERE
  series_subjects.has_targets = 1
  AND (
    counted_observations.time <= parameters.horizon
    OR counted_observations.time > parameters.latest
  )
GROUP BY
  series_subjects.subject,
  query_base(counted_observations.query),
  counted_observations.time,
  counted_observations.action,
  series_subjects.target,
  parameters.earliest,
  parameters.latest,
  shared_queries.key
