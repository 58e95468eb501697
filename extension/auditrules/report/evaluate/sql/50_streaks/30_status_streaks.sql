-- A streak: a time during which a slot keeps its state. A status ends with a silence longer than the maximum age; what
-- interrupts it lasts until it is reported again. `age` numbers the streaks of a slot, 1 for the last.
WITH neighbours AS (
  SELECT
    slot,
    order_key,
    lag(order_key) OVER (PARTITION BY slot ORDER BY order_key) AS before,
    lead(order_key) OVER (PARTITION BY slot ORDER BY order_key) AS after
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
    OR order_key_time(neighbours.order_key) - order_key_time(neighbours.before) > parameters.max_age
),
slot_ends AS (
  SELECT slot, order_key, before, starts, max(order_key) OVER (PARTITION BY slot) AS last_key
  FROM edges
),
streaks AS (
  SELECT
    slot,
    order_key AS first_key,
    coalesce(lead(before) OVER (PARTITION BY slot ORDER BY order_key), last_key) AS last_key,
    lead(order_key) OVER (PARTITION BY slot ORDER BY order_key) AS next_key,
    row_number() OVER (PARTITION BY slot ORDER BY order_key DESC) AS age
  FROM slot_ends
  WHERE starts = 1
)
SELECT
  slots.subject,
  streaks.slot,
  state_name(order_key_state(streaks.first_key)) AS state,
  streaks.first_key,
  streaks.last_key,
  order_key_time(streaks.first_key) AS first_time,
  order_key_time(streaks.last_key) AS last_time,
  order_key_time(streaks.next_key) AS next_time,
  streaks.age
FROM streaks
JOIN slots ON slots.slot = streaks.slot
