-- Subjects of which each target is a slot of its own, numbered below zero: where one run gave rows of more than one target,
-- or where another target was named and nothing said that the one before is gone, which a removal of its row says, and a
-- snapshot of the query that named it, or of one that reports several controls, or of any if such a one named it. Of every other subject the newest row replaces the one before.
WITH named AS (
  SELECT
    subject, query_base, time, action, target, is_shared,
    lag(target) OVER (PARTITION BY subject ORDER BY time, action DESC, target, query_base) AS before,
    lag(query_base) OVER (PARTITION BY subject ORDER BY time, action DESC, target, query_base) AS before_base,
    lag(is_shared) OVER (PARTITION BY subject ORDER BY time, action DESC, target, query_base) AS before_shared,
    lag(time) OVER (PARTITION BY subject ORDER BY time, action DESC, target, query_base) AS before_time
  FROM target_observations
  WHERE action <> 'removed' AND dated = 1
),
added_to AS (
  SELECT DISTINCT named.subject
  FROM named
  LEFT JOIN target_observations AS removals
    ON
      removals.subject = named.subject
      AND removals.target = named.before
      AND removals.action = 'removed'
      AND removals.time BETWEEN named.before_time AND named.time
  WHERE
    named.before <> named.target
    AND removals.subject IS NULL
    AND (
      named.action <> 'snapshot'
      OR (named.before_base <> named.query_base AND named.is_shared = 0 AND named.before_shared = 0)
    )
),
runs AS (
  SELECT subject
  FROM target_observations
  WHERE action <> 'removed'
  GROUP BY subject, query_base, time, action
  HAVING count(DISTINCT target) > 1
),
multi_target_subjects AS (
  SELECT subject FROM added_to
  UNION
  SELECT subject FROM runs
)
SELECT subject, target, 0 - row_number() OVER (ORDER BY subject, target) AS slot
FROM (
  SELECT DISTINCT target_observations.subject, target_observations.target
  FROM target_observations
  JOIN multi_target_subjects ON multi_target_subjects.subject = target_observations.subject
) AS targets
