-- Where a status became another one. What interrupts a status and leaves it as it was changes nothing.
SELECT subject, slot, before, state, first_time, first_key
FROM (
  SELECT
    subject, slot, state, first_time, first_key,
    lag(state) OVER (PARTITION BY slot ORDER BY first_key) AS before
  FROM status_streaks
  WHERE
    state IN ('fail', 'unknown', 'pass', 'not_applicable')
    AND slot IN (SELECT slot FROM status_streaks WHERE is_last = 0)  -- most never changed
) AS reported
WHERE before <> state
