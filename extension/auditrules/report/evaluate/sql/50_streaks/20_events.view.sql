-- All that happens to each slot, in one stream: observations, removals, interruptions, and snapshots that leave it out. The rest of a
-- subject with too many targets is unknown, whatever is said of them.
SELECT
  series_slots.slot,
  CASE
    WHEN series_slots.is_rest = 0 THEN attributed_observations.order_key
    ELSE attributed_observations.order_key - order_key_state(attributed_observations.order_key) + state_code('unknown')
  END AS order_key
FROM attributed_observations
JOIN series_slots
  ON
    series_slots.host_digest = attributed_observations.host_digest
    AND series_slots.target_digest = attributed_observations.target_digest
WHERE attributed_observations.order_key IS NOT NULL AND attributed_observations.action <> 'removed'
UNION ALL
SELECT slot, order_key FROM counted_removals
UNION ALL
SELECT slot, order_key FROM counted_interruptions
UNION ALL
SELECT slot, order_key FROM gone_events
