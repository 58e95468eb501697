-- The rows that are shown: of each last word, and of each change.
WITH shown AS (
  SELECT slot, what, last_time AS time FROM said
  UNION
  SELECT turns.slot, turns.what, turns.first_time AS time
  FROM turns
  CROSS JOIN parameters
  WHERE turns.first_time >= parameters.since
),
lines AS (
  SELECT shown.slot, shown.time, shown.what, min(rows_said.line) AS line
  FROM rows_said
  JOIN shown
    ON
      shown.slot = rows_said.slot
      AND shown.time = rows_said.time
      AND CASE shown.what WHEN 'fail' THEN 0 WHEN 'unknown' THEN 1 WHEN 'pass' THEN 2 ELSE 3 END = rows_said.what
  GROUP BY shown.slot, shown.time, shown.what
)
SELECT
  lines.slot,
  lines.time,
  lines.what,
  min(verdicts.target) AS target,
  min(verdicts.status) AS logged,
  min(verdicts.reason) AS reason,
  min(verdicts.evidence) AS evidence,
  min(verdicts.next_boot) AS next_boot
FROM verdicts
JOIN lines ON lines.line = verdicts.line
GROUP BY lines.slot, lines.time, lines.what
