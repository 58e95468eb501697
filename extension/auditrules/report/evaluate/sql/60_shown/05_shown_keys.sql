-- When the observations were made that the report shows: of each last status, and of each change.
WITH shown AS (
  SELECT slot, last_key AS order_key FROM last_reported_status
  UNION
  SELECT status_changes.slot, status_changes.first_key AS order_key
  FROM status_changes
  CROSS JOIN parameters
  WHERE status_changes.first_time >= parameters.since
)
SELECT series_slots.host_digest, series_slots.target_digest, series_slots.target, shown.slot, shown.order_key
FROM shown
JOIN series_slots ON series_slots.slot = shown.slot
WHERE series_slots.is_rest = 0
