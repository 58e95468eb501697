-- Spells during which a slot said the same, with no silence longer than the age that is allowed. Of a `turn` the rest by 8
-- is what was said, and the 64th part when.
WITH ordered AS (
  SELECT
    slot,
    turn,
    lag(turn) OVER (PARTITION BY slot ORDER BY turn) AS before,
    lead(turn) OVER (PARTITION BY slot ORDER BY turn) AS after
  FROM words
),
-- Of millions of rows the few with which a spell starts, and the last of each slot.
edges AS (
  SELECT
    ordered.slot,
    ordered.turn,
    ordered.before,
    CASE
      WHEN ordered.before % 8 = ordered.turn % 8 AND ordered.turn // 64 - ordered.before // 64 <= parameters.max_age THEN 0
      ELSE 1
    END AS starts
  FROM ordered
  CROSS JOIN parameters
  WHERE
    ordered.before IS NULL
    OR ordered.after IS NULL
    OR ordered.before % 8 <> ordered.turn % 8
    OR ordered.turn // 64 - ordered.before // 64 > parameters.max_age
),
ended AS (
  SELECT slot, turn, before, starts, max(turn) OVER (PARTITION BY slot) AS last_turn
  FROM edges
),
spans AS (
  SELECT
    slot,
    turn AS first_turn,
    coalesce(lead(before) OVER (PARTITION BY slot ORDER BY turn), last_turn) AS last_turn,
    lead(turn) OVER (PARTITION BY slot ORDER BY turn) AS next_turn,
    row_number() OVER (PARTITION BY slot ORDER BY turn DESC) AS age
  FROM ended
  WHERE starts = 1
)
SELECT
  slots.subject,
  spans.slot,
  CASE spans.first_turn % 8
    WHEN 0 THEN 'not_applicable'
    WHEN 1 THEN 'pass'
    WHEN 2 THEN 'unknown'
    WHEN 3 THEN 'fail'
    WHEN 4 THEN 'gone'
    WHEN 5 THEN 'failed'
    ELSE 'lost'
  END AS what,
  spans.first_turn,
  spans.last_turn,
  spans.first_turn // 64 AS first_time,
  spans.last_turn // 64 AS last_time,
  spans.next_turn // 64 AS next_time,
  spans.age
FROM spans
JOIN slots ON slots.slot = spans.slot
