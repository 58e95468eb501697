-- The first and the last moment that the logs tell of, and how many rows are of snapshots.
SELECT
  min(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.horizon THEN verdicts.time END) AS first_time,
  max(
    CASE
      WHEN verdicts.time BETWEEN parameters.earliest AND least(parameters.horizon, parameters.latest) THEN verdicts.time
    END
  ) AS last_time,
  sum(CASE WHEN verdicts.kind = 'snapshot' THEN 1 ELSE 0 END) AS snapshots
FROM verdicts
CROSS JOIN parameters
