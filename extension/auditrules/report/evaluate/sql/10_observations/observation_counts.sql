-- How many observations there are, how many when each counts once, and the first time that is possible.
SELECT
  count(*) AS read_count,
  count(DISTINCT observations.row_digest) AS distinct_count,
  min(
    CASE WHEN observations.time BETWEEN parameters.earliest AND parameters.latest THEN observations.time END
  ) AS first_time
FROM observations
CROSS JOIN parameters
