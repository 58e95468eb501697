-- The first and the last moment that the logs tell of, and whether any row is of a snapshot.
SELECT min(first_time) AS first_time, max(last_time) AS last_time, max(snapshot) AS snapshot
FROM voices
