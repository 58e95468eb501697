-- The status that each slot was last reported to have.
SELECT slot, state_name(order_key_state(last_key)) AS state, order_key_time(last_key) AS last_time, last_key
FROM (
  SELECT slot, max(last_key) AS last_key
  FROM status_streaks
  WHERE state IN ('fail', 'unknown', 'pass', 'not_applicable')
  GROUP BY slot
) AS newest
