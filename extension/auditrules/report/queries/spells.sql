-- Spells during which a slot said the same, with no silence longer than the age that is allowed.
WITH ordered AS (
  SELECT
    slot,
    time,
    turn,
    what,
    lag(what) OVER (PARTITION BY slot ORDER BY turn) AS before,
    lag(time) OVER (PARTITION BY slot ORDER BY turn) AS before_time
  FROM words
),
ends AS (
  SELECT slot, max(time) AS end_time FROM words GROUP BY slot
),
starts AS (
  SELECT ordered.slot, ordered.time, ordered.turn, ordered.what, ordered.before_time, ends.end_time
  FROM ordered
  CROSS JOIN parameters
  JOIN ends ON ends.slot = ordered.slot
  WHERE
    ordered.before IS NULL
    OR ordered.before <> ordered.what
    OR ordered.time - ordered.before_time > parameters.max_age
)
SELECT
  slots.subject,
  starts.slot,
  CASE starts.what
    WHEN 0 THEN 'fail'
    WHEN 1 THEN 'unknown'
    WHEN 2 THEN 'pass'
    WHEN 3 THEN 'not_applicable'
    WHEN 4 THEN 'gone'
    WHEN 5 THEN 'failed'
    ELSE 'lost'
  END AS what,
  starts.time AS first_time,
  coalesce(lead(starts.before_time) OVER (PARTITION BY starts.slot ORDER BY starts.turn), starts.end_time) AS last_time,
  lead(starts.time) OVER (PARTITION BY starts.slot ORDER BY starts.turn) AS next_time,
  row_number() OVER (PARTITION BY starts.slot ORDER BY starts.turn DESC) AS age
FROM starts
JOIN slots ON slots.slot = starts.slot
