-- Every observation with its `order_key`: when it was made, what comes first within a second, and what it says, in one
-- number (evaluate/expressions.py). Within a second a removal comes before what was added, and a snapshot before a change:
-- a change is logged at once, a snapshot may be a moment older. An observation whose time is impossible, or later than the
-- report looks, has no order key.
SELECT
  observations.*,
  CASE
    WHEN
      observations.time >= parameters.earliest
      AND observations.time <= parameters.horizon
      AND observations.time <= parameters.latest
      THEN
        order_key(
          least(observations.time, parameters.until),
          CASE observations.action WHEN 'removed' THEN 0 WHEN 'snapshot' THEN 4 ELSE 5 END,
          CASE WHEN observations.action = 'removed' THEN 4 ELSE state_code(observations.status) END
        )
  END AS order_key
FROM observations
CROSS JOIN parameters
