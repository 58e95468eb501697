-- A streak: a time during which a slot keeps its state. A status ends with a silence longer than the maximum age; what
-- interrupts it lasts until it is reported again. `is_last` is 1 for the last of a slot. Where an observation
-- continues what others said that were left out, there was no silence.
WITH neighbours AS (
  SELECT
    slot,
    order_key,
    continues,
    lag(order_key) OVER (PARTITION BY slot ORDER BY order_key, row_digest, continues) AS before,
    lead(order_key) OVER (PARTITION BY slot ORDER BY order_key, row_digest, continues) AS after
  FROM events
),
-- Of millions of events the few with which a streak starts, and the last of each slot.
edges AS (
  SELECT
    neighbours.slot,
    neighbours.order_key,
    neighbours.before,
    CASE
      WHEN
        order_key_state(neighbours.before) = order_key_state(neighbours.order_key)
        AND (
          order_key_time(neighbours.order_key) - order_key_time(neighbours.before) <= parameters.max_age
          OR order_key_state(neighbours.order_key) >= state_code('gone')
          OR neighbours.continues = 1
        )
        THEN 0
      ELSE 1
    END AS starts
  FROM neighbours
  CROSS JOIN parameters
  WHERE
    neighbours.before IS NULL
    OR neighbours.after IS NULL
    OR order_key_state(neighbours.before) <> order_key_state(neighbours.order_key)
    OR (
      neighbours.continues = 0
      AND order_key_time(neighbours.order_key) - order_key_time(neighbours.before) > parameters.max_age
    )
),
slot_ends AS (
  SELECT slot, max(order_key) AS last_key FROM edges GROUP BY slot
),
streaks AS (
  SELECT
    slot,
    order_key AS first_key,
    lead(before) OVER (PARTITION BY slot ORDER BY order_key) AS last_key,
    lead(order_key) OVER (PARTITION BY slot ORDER BY order_key) AS next_key
  FROM edges
  WHERE starts = 1
)
SELECT
  slots.subject,
  streaks.slot,
  state_name(order_key_state(streaks.first_key)) AS state,
  streaks.first_key,
  coalesce(streaks.last_key, slot_ends.last_key) AS last_key,
  order_key_time(streaks.first_key) AS first_time,
  order_key_time(coalesce(streaks.last_key, slot_ends.last_key)) AS last_time,
  order_key_time(streaks.next_key) AS next_time,
  CASE WHEN streaks.next_key IS NULL THEN 1 ELSE 0 END AS is_last
FROM streaks
JOIN slot_ends ON slot_ends.slot = streaks.slot
JOIN slots ON slots.slot = streaks.slot
