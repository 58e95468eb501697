-- All that happens to each slot, in one stream: observations, removals, interruptions, and snapshots that leave it out. The rest of a
-- subject with too many targets is unknown, whatever is said of them.
SELECT
  series_slots.slot,
  CASE
    WHEN series_slots.is_rest = 0 THEN counted_observations.order_key
    ELSE counted_observations.order_key - order_key_state(counted_observations.order_key) + state_code('unknown')
  END AS order_key,
  counted_observations.row_digest,
  counted_observations.continues
FROM counted_observations
JOIN series_slots
  ON
    series_slots.host_digest = counted_observations.host_digest
    AND series_slots.target_digest = counted_observations.target_digest
WHERE counted_observations.order_key IS NOT NULL AND counted_observations.action <> 'removed'
UNION ALL
SELECT slot, order_key, CAST(NULL AS BIGINT) AS row_digest, 0 AS continues FROM counted_removals
UNION ALL
SELECT slot, order_key, CAST(NULL AS BIGINT) AS row_digest, 0 AS continues FROM counted_interruptions
UNION ALL
SELECT slot, order_key, CAST(NULL AS BIGINT) AS row_digest, 0 AS continues FROM gone_events
