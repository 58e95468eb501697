-- Spells during which a slot said the same, with no silence longer than the age that is allowed.
WITH ordered AS (
  SELECT
    words.subject,
    words.slot,
    words.time,
    words.place,
    words.what,
    lag(words.what) OVER (PARTITION BY words.subject, words.slot ORDER BY words.time, words.place) AS before,
    lag(words.time) OVER (PARTITION BY words.subject, words.slot ORDER BY words.time, words.place) AS before_time,
    max(words.time) OVER (PARTITION BY words.subject, words.slot) AS end_time
  FROM words
),
starts AS (
  SELECT ordered.subject, ordered.slot, ordered.time, ordered.place, ordered.what, ordered.before, ordered.before_time,
    ordered.end_time
  FROM ordered
  CROSS JOIN parameters
  WHERE
    ordered.before IS NULL
    OR ordered.before <> ordered.what
    OR ordered.time - ordered.before_time > parameters.max_age
)
SELECT
  subject,
  slot,
  what,
  time AS first_time,
  coalesce(lead(before_time) OVER (PARTITION BY subject, slot ORDER BY time, place), end_time) AS last_time,
  lead(time) OVER (PARTITION BY subject, slot ORDER BY time, place) AS next_time,
  row_number() OVER (PARTITION BY subject, slot ORDER BY time DESC, place DESC) AS age
FROM starts
