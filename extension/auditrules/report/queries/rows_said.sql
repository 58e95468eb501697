-- The rows, as narrow as they get. `turn` is their order: within one second a removal comes before what was added, and a
-- snapshot before a change, since a change is logged at once and a snapshot may be a moment older. `what` is a number here
-- and in `words`, which millions of rows are compared by sooner than by text: 0 fail, 1 unknown, 2 pass, 3 not
-- applicable, 4 gone, 5 failed, 6 lost.
SELECT
  coalesce(several.slot, placed.subject) AS slot,
  least(placed.time, parameters.until) AS time,
  least(placed.time, parameters.until) * 64
  + CASE placed.kind WHEN 'removed' THEN 0 WHEN 'snapshot' THEN 20 ELSE 30 END
  + CASE placed.status WHEN 'fail' THEN 3 WHEN 'pass' THEN 1 WHEN 'not_applicable' THEN 0 ELSE 2 END AS turn,
  CASE
    WHEN placed.kind = 'removed' THEN 4
    ELSE CASE placed.status WHEN 'fail' THEN 0 WHEN 'pass' THEN 2 WHEN 'not_applicable' THEN 3 ELSE 1 END
  END AS what,
  placed.line
FROM placed
CROSS JOIN parameters
LEFT JOIN several ON several.subject = placed.subject AND several.target = placed.target
WHERE
  placed.time >= parameters.earliest
  AND placed.time <= parameters.horizon
  AND placed.time <= parameters.latest
