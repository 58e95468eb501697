-- The state at each moment, by the same rules as `judged` has them for the last of them: 0 fail, 1 unknown, 2 pass, 3 not
-- applicable, and 4 for a target that is gone, which is unknown where no other is left.
WITH counting AS (
  SELECT
    subjects.subject,
    subjects.first_time,
    coalesce(subjects.left_at, parameters.until) AS left_at,
    waived.until AS waived_until,
    CASE WHEN subjects.subject IN (SELECT subject FROM several) THEN 1 ELSE 0 END AS wide
  FROM subjects
  CROSS JOIN parameters
  LEFT JOIN waived
    ON
      waived.key = subjects.key
      AND waived.benchmark = subjects.benchmark
      AND waived.version = subjects.version
      AND waived.control = subjects.control
),
spans AS (
  SELECT
    counting.subject,
    counting.left_at,
    counting.waived_until,
    counting.wide,
    spells.first_time,
    spells.next_time,
    CASE WHEN spells.what = 'gone' THEN NULL ELSE spells.last_time + parameters.max_age END AS stale_after,
    CASE
      WHEN spells.what = 'gone' THEN 4
      WHEN doubts.slot IS NOT NULL THEN 1
      WHEN spells.what = 'fail' THEN 0
      WHEN spells.what = 'pass' THEN 2
      WHEN spells.what = 'not_applicable' THEN 3
      ELSE 1
    END AS state
  FROM spells
  CROSS JOIN parameters
  JOIN counting ON counting.subject = spells.subject
  LEFT JOIN doubts ON doubts.slot = spells.slot AND doubts.what = spells.what
  UNION ALL
  SELECT
    counting.subject,
    counting.left_at,
    counting.waived_until,
    counting.wide,
    coalesce(counting.first_time, 0) AS first_time,
    NULL AS next_time,
    NULL AS stale_after,
    1 AS state
  FROM slots
  JOIN counting ON counting.subject = slots.subject
  WHERE slots.slot NOT IN (SELECT slot FROM spells)
),
standing AS (
  SELECT
    moments.moment,
    spans.subject,
    spans.wide,
    CASE WHEN moments.moment > spans.stale_after THEN 1 ELSE spans.state END AS state,
    CASE WHEN spans.waived_until >= moments.moment THEN 1 ELSE 0 END AS waived
  FROM spans
  JOIN moments
    ON moments.moment >= spans.first_time AND (spans.next_time IS NULL OR moments.moment < spans.next_time)
  WHERE moments.moment <= spans.left_at
),
-- Most subjects have one slot, and so one state at a moment; of the others the worst counts.
states AS (
  SELECT moment, state, waived FROM standing WHERE wide = 0
  UNION ALL
  SELECT moment, min(state) AS state, max(waived) AS waived
  FROM standing
  WHERE wide = 1
  GROUP BY moment, subject
),
counted AS (
  SELECT
    moment,
    sum(CASE state WHEN 2 THEN 1 ELSE 0 END) AS passed,
    sum(CASE state WHEN 0 THEN 1 ELSE 0 END) AS failed,
    sum(CASE state WHEN 1 THEN 1 WHEN 4 THEN 1 ELSE 0 END) AS unknown,
    sum(CASE state WHEN 3 THEN 1 ELSE 0 END) AS not_applicable,
    sum(CASE WHEN state NOT IN (2, 3) THEN waived ELSE 0 END) AS waived
  FROM states
  GROUP BY moment
)
SELECT moments.day, counted.passed, counted.failed, counted.unknown, counted.not_applicable, counted.waived
FROM counted
JOIN moments ON moments.moment = counted.moment
ORDER BY moments.day
