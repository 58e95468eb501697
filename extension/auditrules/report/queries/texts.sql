-- The rows that are shown: of each last word, and of each change.
WITH shown AS (
  SELECT subject, slot, what, last_time AS time FROM said
  UNION
  SELECT turns.subject, turns.slot, turns.what, turns.first_time AS time
  FROM turns
  CROSS JOIN parameters
  WHERE turns.first_time >= parameters.since
),
lines AS (
  SELECT rows_said.subject, rows_said.slot, rows_said.time, rows_said.status, min(rows_said.line) AS line
  FROM rows_said
  JOIN shown
    ON
      shown.subject = rows_said.subject
      AND shown.slot = rows_said.slot
      AND shown.time = rows_said.time
      AND shown.what = rows_said.status
  GROUP BY rows_said.subject, rows_said.slot, rows_said.time, rows_said.status
)
SELECT
  lines.subject,
  lines.slot,
  lines.time,
  lines.status AS what,
  min(verdicts.target) AS target,
  min(verdicts.status) AS logged,
  min(verdicts.reason) AS reason,
  min(verdicts.evidence) AS evidence,
  min(verdicts.next_boot) AS next_boot
FROM verdicts
JOIN lines ON lines.line = verdicts.line
GROUP BY lines.subject, lines.slot, lines.time, lines.status
