-- The observations of each two digests, one of a host and one of a control's target: their first and last time, and
-- whether any is of a snapshot.
SELECT
  observations.host_digest,
  observations.target_digest,
  min(observations.time) AS first_time,
  max(observations.time) AS last_time,
  max(CASE observations.action WHEN 'snapshot' THEN 1 ELSE 0 END) AS has_snapshot
FROM observations
CROSS JOIN parameters
WHERE observations.time <= parameters.horizon OR observations.time > parameters.latest
GROUP BY observations.host_digest, observations.target_digest
