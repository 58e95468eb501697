-- What takes the place of `counted_observations` where there is an outline: it, and all observations of each whole series.
SELECT
  host_digest, target_digest, query, status, reason, evidence, next_boot, action, time, row_digest, order_key, continues
FROM attributed_observations
WHERE
  NOT EXISTS (
    SELECT 1
    FROM whole_series
    WHERE
      whole_series.host_digest = attributed_observations.host_digest
      AND whole_series.target_digest = attributed_observations.target_digest
  )
UNION ALL
SELECT
  observations.host_digest,
  observations.target_digest,
  observations.query,
  observations.status,
  observations.reason,
  observations.evidence,
  observations.next_boot,
  observations.action,
  observations.time,
  observations.row_digest,
  observation_key(observations.time, observations.action, observations.status) AS order_key,
  0 AS continues
FROM observations
CROSS JOIN parameters
JOIN whole_series
  ON
    whole_series.host_digest = observations.host_digest
    AND whole_series.target_digest = observations.target_digest
