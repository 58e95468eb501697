-- The state at each moment, by the same rules as `judged` has them for the last of them: 0 fail, 1 unknown, 2 pass, 3 not
-- applicable, and 4 for a target that is gone, which is unknown where no other is left. A moment is the end of a day, or
-- the moment of the report: of what was before it, or will never be, the day is enough to know on which side it is.
WITH counting AS (
  SELECT
    subjects.subject,
    subjects.first_time,
    subjects.left_at + 1 AS left_time,
    CASE WHEN waived.until IS NULL THEN 0 ELSE 1 END AS waived,
    CASE WHEN waived.until < parameters.until THEN waived.until + 1 END AS waived_time,
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
    counting.left_time,
    counting.waived,
    counting.waived_time,
    counting.wide,
    spells.first_time,
    spells.next_time,
    CASE
      WHEN spells.what <> 'gone' AND spells.last_time + parameters.max_age < parameters.until
        THEN spells.last_time + parameters.max_age + 1
    END AS stale_time,
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
    counting.left_time,
    counting.waived,
    counting.waived_time,
    counting.wide,
    coalesce(counting.first_time, 0) AS first_time,
    NULL AS next_time,
    NULL AS stale_time,
    1 AS state
  FROM slots
  JOIN counting ON counting.subject = slots.subject
  WHERE slots.slot NOT IN (SELECT slot FROM spells)
),
-- Many have the same days. Most subjects have one slot, and so one state at a moment; only of the others it matters who.
days AS (
  SELECT
    CASE wide WHEN 1 THEN subject END AS subject,
    state,
    waived,
    first_time // 86400 AS first_day,
    next_time // 86400 AS next_day,
    stale_time // 86400 AS stale_day,
    left_time // 86400 AS left_day,
    waived_time // 86400 AS waived_day,
    count(*) AS number
  FROM spans
  GROUP BY
    CASE wide WHEN 1 THEN subject END,
    state,
    waived,
    first_time // 86400,
    next_time // 86400,
    stale_time // 86400,
    left_time // 86400,
    waived_time // 86400
),
standing AS (
  SELECT
    moments.day,
    days.subject,
    days.number,
    CASE WHEN moments.moment // 86400 >= days.stale_day THEN 1 ELSE days.state END AS state,
    CASE WHEN moments.moment // 86400 >= days.waived_day THEN 0 ELSE days.waived END AS waived
  FROM days
  JOIN moments
    ON
      moments.moment // 86400 >= days.first_day
      AND moments.moment // 86400 < coalesce(days.next_day, moments.moment)
      AND moments.moment // 86400 < coalesce(days.left_day, moments.moment)
),
states AS (
  SELECT day, state, waived, number FROM standing WHERE subject IS NULL
  UNION ALL
  SELECT day, min(state) AS state, max(waived) AS waived, 1 AS number
  FROM standing
  WHERE subject IS NOT NULL
  GROUP BY day, subject
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
