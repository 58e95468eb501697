-- The observations that the report shows.
WITH found AS (
  SELECT
    shown_keys.slot,
    shown_keys.order_key,
    shown_keys.target,
    counted_observations.status AS logged,
    counted_observations.reason,
    counted_observations.evidence,
    counted_observations.next_boot,
    row_number() OVER (
      PARTITION BY shown_keys.slot, shown_keys.order_key ORDER BY counted_observations.row_digest
    ) AS place
  FROM counted_observations
  JOIN shown_keys
    ON
      shown_keys.host_digest = counted_observations.host_digest
      AND shown_keys.target_digest = counted_observations.target_digest
      AND shown_keys.order_key = counted_observations.order_key
)
SELECT slot, order_key, target, logged, reason, evidence, next_boot
FROM found
WHERE place = 1
