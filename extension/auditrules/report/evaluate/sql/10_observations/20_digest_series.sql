-- The observations of each two digests, one of a host and one of a control's target: their first and last time, and
-- whether any is of a snapshot, and whether any that said the same were left out.
SELECT
  outlined.host_digest,
  outlined.target_digest,
  min(outlined.time) AS first_time,
  max(outlined.time) AS last_time,
  max(CASE outlined.action WHEN 'snapshot' THEN 1 ELSE 0 END) AS has_snapshot,
  max(outlined.continues) AS is_outlined
FROM outlined
CROSS JOIN parameters
WHERE outlined.time <= parameters.horizon OR outlined.time > parameters.latest
GROUP BY outlined.host_digest, outlined.target_digest
