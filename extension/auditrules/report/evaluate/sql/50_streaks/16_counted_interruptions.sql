-- The interruptions that count: a target that is gone stays gone, and no failed query makes it come back as unknown. Of the
-- target that was named last they all count: where every target is gone, that one says why.
WITH named_last AS (
  SELECT slot
  FROM (
    SELECT
      multi_target_slots.slot,
      row_number() OVER (
        PARTITION BY multi_target_slots.subject
        ORDER BY target_observations.order_key DESC, multi_target_slots.slot DESC
      ) AS place
    FROM target_observations
    JOIN multi_target_slots
      ON
        multi_target_slots.subject = target_observations.subject
        AND multi_target_slots.target = target_observations.target
    WHERE target_observations.action <> 'removed' AND target_observations.order_key IS NOT NULL
  ) AS ranked
  WHERE place = 1
),
may_be_gone AS (
  SELECT slot FROM gone_events WHERE slot < 0
  UNION
  SELECT slot FROM interruption_events WHERE slot < 0 AND order_key_state(order_key) = state_code('gone')
  UNION
  SELECT multi_target_slots.slot
  FROM target_observations
  JOIN multi_target_slots
    ON
      multi_target_slots.subject = target_observations.subject
      AND multi_target_slots.target = target_observations.target
  WHERE target_observations.action = 'removed' AND multi_target_slots.is_rest = 0
),
gone_slots AS (
  SELECT may_be_gone.slot
  FROM may_be_gone
  LEFT JOIN named_last ON named_last.slot = may_be_gone.slot
  WHERE named_last.slot IS NULL
),
happened AS (
  SELECT
    interruption_events.slot, interruption_events.order_key,
    CASE WHEN order_key_state(interruption_events.order_key) = state_code('gone') THEN 0 ELSE 1 END AS may_come_back,
    1 AS is_interruption
  FROM interruption_events
  JOIN gone_slots ON gone_slots.slot = interruption_events.slot
  UNION ALL
  SELECT slot, order_key, 0 AS may_come_back, 0 AS is_interruption FROM gone_events WHERE slot < 0
  UNION ALL
  SELECT multi_target_slots.slot, target_observations.order_key, 0 AS may_come_back, 0 AS is_interruption
  FROM target_observations
  JOIN multi_target_slots
    ON
      multi_target_slots.subject = target_observations.subject
      AND multi_target_slots.target = target_observations.target
  WHERE
    target_observations.order_key IS NOT NULL
    AND (multi_target_slots.is_rest = 0 OR target_observations.action <> 'removed')
),
with_state AS (
  SELECT
    slot, order_key, may_come_back, is_interruption,
    max(CASE WHEN may_come_back = 0 THEN order_key END) OVER (
      PARTITION BY slot ORDER BY order_key ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS before_key
  FROM happened
),
ignored AS (
  SELECT DISTINCT slot, order_key
  FROM with_state
  WHERE is_interruption = 1 AND may_come_back = 1 AND order_key_state(before_key) = state_code('gone')
)
SELECT interruption_events.slot, interruption_events.order_key
FROM interruption_events
LEFT JOIN ignored ON ignored.slot = interruption_events.slot AND ignored.order_key = interruption_events.order_key
WHERE ignored.slot IS NULL
