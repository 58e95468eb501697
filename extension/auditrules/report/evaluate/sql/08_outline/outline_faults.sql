-- Why an outline no longer stands for all observations: what has come since stands between two that it has, shows that a
-- digest is that of two hosts or targets, that a query is of several controls, or that a host's clock was wrong. And the
-- last time at which any were left out, and how many the outline has.
WITH runs AS (
  SELECT host_digest, target_digest, query, max(time) AS end_time
  FROM outline
  WHERE continues = 1
  GROUP BY host_digest, target_digest, query
),
later AS (
  SELECT DISTINCT runs.host_digest, runs.target_digest
  FROM runs
  JOIN fresh_observations
    ON
      fresh_observations.host_digest = runs.host_digest
      AND fresh_observations.target_digest = runs.target_digest
      AND fresh_observations.time <= runs.end_time
  UNION
  SELECT each_row.host_digest, each_row.target_digest
  FROM (
    SELECT host_digest, target_digest, time FROM outline
    UNION ALL
    SELECT host_digest, target_digest, time FROM fresh_observations
  ) AS each_row
  CROSS JOIN parameters
  WHERE each_row.time < parameters.earliest OR each_row.time > parameters.latest
)
SELECT
  sum(
    CASE
      WHEN
        known_hosts.host IS NULL OR known_targets.control IS NULL OR known_queries.control_count > 1
        OR later.host_digest IS NOT NULL
        THEN 1
      ELSE 0
    END
  ) AS fault_count,
  max(runs.end_time) AS last_time,
  (SELECT count(*) FROM outline) AS row_count
FROM runs
LEFT JOIN known_hosts ON known_hosts.host_digest = runs.host_digest
LEFT JOIN known_targets ON known_targets.target_digest = runs.target_digest
LEFT JOIN known_queries ON known_queries.query = runs.query
LEFT JOIN later ON later.host_digest = runs.host_digest AND later.target_digest = runs.target_digest
