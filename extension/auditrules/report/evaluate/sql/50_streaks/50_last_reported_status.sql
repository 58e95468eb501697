-- The status that each slot was last reported to have.
SELECT slot, state, last_time, last_key
FROM (
  SELECT slot, state, last_time, last_key, row_number() OVER (PARTITION BY slot ORDER BY age) AS place
  FROM status_streaks
  WHERE state IN ('fail', 'unknown', 'pass', 'not_applicable')
) AS ranked
WHERE place = 1
