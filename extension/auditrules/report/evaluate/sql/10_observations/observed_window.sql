-- The first and the last time of the observations, and whether any is of a snapshot.
SELECT min(first_time) AS first_time, max(last_time) AS last_time, max(has_snapshot) AS has_snapshot
FROM observation_series
