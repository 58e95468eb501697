-- The rows that are shown: of each last word, and of each change.
WITH shown AS (
  SELECT slot, last_turn AS turn FROM said
  UNION
  SELECT turns.slot, turns.first_turn AS turn
  FROM turns
  CROSS JOIN parameters
  WHERE turns.first_time >= parameters.since
),
wanted AS (
  SELECT voiced.speaker, voiced.about, voiced.target, shown.slot, shown.turn
  FROM shown
  JOIN voiced ON voiced.slot = shown.slot
),
found AS (
  SELECT
    wanted.slot,
    wanted.turn,
    wanted.target,
    attributed.status AS logged,
    attributed.reason,
    attributed.evidence,
    attributed.next_boot,
    row_number() OVER (PARTITION BY wanted.slot, wanted.turn ORDER BY attributed.line) AS place
  FROM attributed
  JOIN wanted
    ON
      wanted.speaker = attributed.speaker
      AND wanted.about = attributed.about
      AND wanted.turn = attributed.turn
)
SELECT slot, turn, target, logged, reason, evidence, next_boot
FROM found
WHERE place = 1
