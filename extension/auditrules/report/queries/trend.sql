-- The state at each moment, by the same rules as `judged` has them for the last of them: 0 fail, 1 unknown, 2 pass, 3 not
-- applicable, and 4 for a target that is gone, which is unknown where no other is left.
WITH standing AS (
  SELECT
    moments.moment,
    spells.subject,
    CASE
      WHEN spells.what = 'gone' THEN 4
      WHEN moments.moment - spells.last_time > parameters.max_age OR doubts.slot IS NOT NULL THEN 1
      WHEN spells.what = 'fail' THEN 0
      WHEN spells.what = 'pass' THEN 2
      WHEN spells.what = 'not_applicable' THEN 3
      ELSE 1
    END AS state
  FROM spells
  CROSS JOIN parameters
  LEFT JOIN doubts ON doubts.slot = spells.slot AND doubts.what = spells.what
  JOIN moments
    ON moments.moment >= spells.first_time AND (spells.next_time IS NULL OR moments.moment < spells.next_time)
  UNION ALL
  SELECT moments.moment, slots.subject, 1 AS state
  FROM slots
  CROSS JOIN moments
  JOIN subjects ON subjects.subject = slots.subject
  WHERE
    (subjects.first_time IS NULL OR moments.moment >= subjects.first_time)
    AND slots.slot NOT IN (SELECT slot FROM spells)
),
states AS (
  SELECT standing.moment, standing.subject, min(standing.state) AS state
  FROM standing
  JOIN subjects ON subjects.subject = standing.subject
  WHERE subjects.left_at IS NULL OR standing.moment <= subjects.left_at
  GROUP BY standing.moment, standing.subject
),
waivers AS (
  SELECT subjects.subject, waived.until
  FROM waived
  JOIN subjects
    ON
      subjects.key = waived.key
      AND subjects.benchmark = waived.benchmark
      AND subjects.version = waived.version
      AND subjects.control = waived.control
),
counted AS (
  SELECT
    states.moment,
    sum(CASE states.state WHEN 2 THEN 1 ELSE 0 END) AS passed,
    sum(CASE states.state WHEN 0 THEN 1 ELSE 0 END) AS failed,
    sum(CASE states.state WHEN 1 THEN 1 WHEN 4 THEN 1 ELSE 0 END) AS unknown,
    sum(CASE states.state WHEN 3 THEN 1 ELSE 0 END) AS not_applicable,
    sum(CASE WHEN states.state NOT IN (2, 3) AND waivers.until >= states.moment THEN 1 ELSE 0 END) AS waived
  FROM states
  LEFT JOIN waivers ON waivers.subject = states.subject
  GROUP BY states.moment
)
SELECT moments.day, counted.passed, counted.failed, counted.unknown, counted.not_applicable, counted.waived
FROM counted
JOIN moments ON moments.moment = counted.moment
ORDER BY moments.day
