-- The state at each moment, by the same rules as `judged` has them for the last of them: 0 fail, 1 unknown, 2 pass, 3 not
-- applicable, and 4 for a target that is gone, which is unknown where no other is left. A moment is the end of a day, or
-- the moment of the report: of what was before that, or will never be, the day is enough to know on which side it is.
WITH counting AS (
  SELECT
    subjects.subject,
    CASE WHEN subjects.subject IN (SELECT subject FROM several) THEN subjects.subject END AS wide,
    least(coalesce(subjects.first_time, 0), parameters.until) // 86400 AS first_day,
    (subjects.left_at + 1) // 86400 AS left_day,
    CASE WHEN waived.until IS NULL THEN 0 ELSE 1 END AS waived,
    CASE WHEN waived.until < parameters.until THEN (waived.until + 1) // 86400 END AS waived_day
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
    counting.wide,
    counting.left_day,
    counting.waived,
    counting.waived_day,
    spells.first_time // 86400 AS first_day,
    spells.next_time // 86400 AS next_day,
    CASE
      WHEN spells.what <> 'gone' AND spells.last_time + parameters.max_age < parameters.until
        THEN (spells.last_time + parameters.max_age + 1) // 86400
    END AS stale_day,
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
    counting.wide,
    counting.left_day,
    counting.waived,
    counting.waived_day,
    counting.first_day,
    NULL AS next_day,
    NULL AS stale_day,
    1 AS state
  FROM slots
  JOIN counting ON counting.subject = slots.subject
  WHERE slots.slot NOT IN (SELECT slot FROM spells)
),
-- Many have the same days. Most subjects have one slot, and so one state at a moment; only of the others it matters who.
alike AS (
  SELECT wide, state, waived, first_day, next_day, stale_day, left_day, waived_day, count(*) AS number
  FROM spans
  GROUP BY wide, state, waived, first_day, next_day, stale_day, left_day, waived_day
),
days AS (
  SELECT day, moment // 86400 AS number FROM moments
),
standing AS (
  SELECT
    days.day,
    alike.wide,
    alike.number,
    CASE WHEN days.number >= alike.stale_day THEN 1 ELSE alike.state END AS state,
    CASE WHEN days.number >= alike.waived_day THEN 0 ELSE alike.waived END AS waived
  FROM alike
  JOIN days
    ON
      days.number >= alike.first_day
      AND (alike.next_day IS NULL OR days.number < alike.next_day)
      AND (alike.left_day IS NULL OR days.number < alike.left_day)
),
states AS (
  SELECT day, state, waived, number FROM standing WHERE wide IS NULL
  UNION ALL
  SELECT day, min(state) AS state, max(waived) AS waived, 1 AS number
  FROM standing
  WHERE wide IS NOT NULL
  GROUP BY day, wide
)
SELECT
  day,
  sum(CASE state WHEN 2 THEN number ELSE 0 END) AS passed,
  sum(CASE state WHEN 0 THEN number ELSE 0 END) AS failed,
  sum(CASE state WHEN 1 THEN number WHEN 4 THEN number ELSE 0 END) AS unknown,
  sum(CASE state WHEN 3 THEN number ELSE 0 END) AS not_applicable,
  sum(CASE WHEN state NOT IN (2, 3) THEN waived * number ELSE 0 END) AS waived
FROM states
GROUP BY day
ORDER BY day
