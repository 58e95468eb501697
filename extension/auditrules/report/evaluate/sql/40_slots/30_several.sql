-- Host and control of which each target is a slot of its own, numbered below zero: where one run gave rows of more than
-- one target, or where another target was named and nothing said that the one before is gone, which a removal of its row
-- does, and a snapshot of the query that named it. Everywhere else the newest row replaces the one before.
WITH words AS (
  SELECT
    subject, base, time, kind, target,
    lag(target) OVER (PARTITION BY subject ORDER BY time, kind DESC, target, base) AS before,
    lag(base) OVER (PARTITION BY subject ORDER BY time, kind DESC, target, base) AS before_base,
    lag(time) OVER (PARTITION BY subject ORDER BY time, kind DESC, target, base) AS before_time
  FROM targeted
  WHERE kind <> 'removed' AND dated = 1
),
added_to AS (
  SELECT DISTINCT words.subject
  FROM words
  LEFT JOIN targeted AS removals
    ON
      removals.subject = words.subject
      AND removals.target = words.before
      AND removals.kind = 'removed'
      AND removals.time BETWEEN words.before_time AND words.time
  WHERE
    words.before <> words.target
    AND removals.subject IS NULL
    AND (words.kind <> 'snapshot' OR words.before_base <> words.base)
),
runs AS (
  SELECT subject
  FROM targeted
  WHERE kind <> 'removed'
  GROUP BY subject, base, time, kind
  HAVING count(DISTINCT target) > 1
),
wide AS (
  SELECT subject FROM added_to
  UNION
  SELECT subject FROM runs
)
SELECT subject, target, 0 - row_number() OVER (ORDER BY subject, target) AS slot
FROM (
  SELECT DISTINCT targeted.subject, targeted.target
  FROM targeted
  JOIN wide ON wide.subject = targeted.subject
) AS targets
