-- The observations with their `order_key`: when each was made, what comes first within a second, and what it says, in one
-- number (evaluate/expressions.py). One whose time is impossible, or later than the report looks, has no order key.
SELECT
  outlined.*,
  observation_key(outlined.time, outlined.action, outlined.status) AS order_key
FROM outlined
CROSS JOIN parameters
