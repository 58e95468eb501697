-- The observations that the report shows: of each last status, and of each change.
WITH shown AS (
  SELECT slot, last_key AS order_key FROM last_reported_status
  UNION
  SELECT status_changes.slot, status_changes.first_key AS order_key
  FROM status_changes
  CROSS JOIN parameters
  WHERE status_changes.first_time >= parameters.since
),
wanted AS (
  SELECT series_slots.host_digest, series_slots.target_digest, series_slots.target, shown.slot, shown.order_key
  FROM shown
  JOIN series_slots ON series_slots.slot = shown.slot
  WHERE series_slots.is_rest = 0
),
found AS (
  SELECT
    wanted.slot,
    wanted.order_key,
    wanted.target,
    attributed_observations.status AS logged,
    attributed_observations.reason,
    attributed_observations.evidence,
    attributed_observations.next_boot,
    row_number() OVER (
      PARTITION BY wanted.slot, wanted.order_key ORDER BY attributed_observations.row_digest
    ) AS place
  FROM attributed_observations
  JOIN wanted
    ON
      wanted.host_digest = attributed_observations.host_digest
      AND wanted.target_digest = attributed_observations.target_digest
      AND wanted.order_key = attributed_observations.order_key
)
SELECT slot, order_key, target, logged, reason, evidence, next_boot
FROM found
WHERE place = 1
