-- Subjects of which each target is a slot of its own, numbered below zero: where one run gave rows of more than one target,
-- or where another target was named and nothing said that the one before is gone, which a removal of its row says, and a
-- snapshot of the query that named it, or of one that reports several controls, or of any if such a one named it. Of every
-- other subject the newest row replaces the one before.
-- A host may name any number of targets: of more than `within_target_limit` the ones that it named last have slots, of those
-- that it named at once the failing ones first, and all others share one slot, where `is_rest` is 1.
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
-- Where another target follows, and the last removal of the one before until then.
followed AS (
  SELECT
    subject, needs_removal, before_time,
    max(removal_time) OVER (
      PARTITION BY subject, target ORDER BY time, needs_removal ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS removal_time
  FROM (
    SELECT subject, before AS target, time, before_time, 1 AS needs_removal, CAST(NULL AS BIGINT) AS removal_time
    FROM named
    WHERE
      before <> target
      AND (action <> 'snapshot' OR (before_base <> query_base AND is_shared = 0 AND before_shared = 0))
    UNION ALL
    SELECT subject, target, time, CAST(NULL AS BIGINT) AS before_time, 0 AS needs_removal, time AS removal_time
    FROM target_observations
    WHERE action = 'removed'
  ) AS each_time
),
runs AS (
  SELECT subject
  FROM target_observations
  WHERE action <> 'removed'
  GROUP BY subject, query_base, time, action
  HAVING count(DISTINCT target) > 1
),
multi_target_subjects AS (
  SELECT subject FROM followed WHERE needs_removal = 1 AND coalesce(removal_time, before_time - 1) < before_time
  UNION
  SELECT subject FROM runs
),
targets AS (
  SELECT target_observations.subject, target_observations.target, max(target_observations.order_key) AS last_key
  FROM target_observations
  JOIN multi_target_subjects ON multi_target_subjects.subject = target_observations.subject
  GROUP BY target_observations.subject, target_observations.target
),
ranked AS (
  SELECT
    subject,
    target,
    row_number() OVER (
      PARTITION BY subject
      ORDER BY
        order_key_time(last_key) DESC NULLS LAST,
        CASE WHEN order_key_state(last_key) = state_code('fail') THEN 0 ELSE 1 END,
        target
    ) AS place
  FROM targets
)
SELECT
  subject,
  target,
  CASE WHEN within_target_limit(place) THEN 0 ELSE 1 END AS is_rest,
  0 - dense_rank() OVER (
    ORDER BY
      subject,
      CASE WHEN within_target_limit(place) THEN 0 ELSE 1 END,
      CASE WHEN within_target_limit(place) THEN target END
  ) AS slot
FROM ranked
