-- The removals that count. Where a row is removed and another of its slot is there within the same second, nothing is gone:
-- the row has changed, perhaps only in its evidence.
WITH removed AS (
  SELECT series_slots.slot, counted_observations.order_key
  FROM counted_observations
  JOIN series_slots
    ON
      series_slots.host_digest = counted_observations.host_digest
      AND series_slots.target_digest = counted_observations.target_digest
  WHERE
    counted_observations.action = 'removed'
    AND counted_observations.order_key IS NOT NULL
    AND series_slots.is_rest = 0
),
replaced AS (
  SELECT DISTINCT removed.slot, removed.order_key
  FROM removed
  JOIN series_slots ON series_slots.slot = removed.slot
  JOIN counted_observations
    ON
      counted_observations.host_digest = series_slots.host_digest
      AND counted_observations.target_digest = series_slots.target_digest
      AND order_key_time(counted_observations.order_key) = order_key_time(removed.order_key)
  WHERE counted_observations.action <> 'removed'
)
SELECT removed.slot, removed.order_key
FROM removed
LEFT JOIN replaced ON replaced.slot = removed.slot AND replaced.order_key = removed.order_key
WHERE replaced.slot IS NULL
