-- All that happens to each slot, in one stream: observations, and interruptions.
SELECT series_slots.slot, attributed_observations.order_key
FROM attributed_observations
JOIN series_slots
  ON
    series_slots.host_digest = attributed_observations.host_digest
    AND series_slots.target_digest = attributed_observations.target_digest
WHERE attributed_observations.order_key IS NOT NULL
UNION ALL
SELECT slot, order_key FROM interruption_events
