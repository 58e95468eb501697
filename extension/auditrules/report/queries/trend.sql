-- The state at each moment, by the same rules as `judged` has them for the last of them.
WITH standing AS (
  SELECT
    moments.day,
    moments.moment,
    spells.subject,
    min(
      CASE
        WHEN moments.moment - spells.last_time > parameters.max_age THEN 1
        WHEN spells.what = 'fail' THEN 0
        WHEN spells.what = 'pass' THEN 2
        WHEN spells.what = 'not_applicable' THEN 3
        WHEN spells.what = 'gone' THEN 4
        ELSE 1
      END
    ) AS worst
  FROM spells
  CROSS JOIN parameters
  JOIN moments
    ON moments.moment >= spells.first_time AND (spells.next_time IS NULL OR moments.moment < spells.next_time)
  GROUP BY moments.day, moments.moment, spells.subject
  UNION ALL
  SELECT moments.day, moments.moment, subjects.subject, 1 AS worst
  FROM subjects
  CROSS JOIN moments
  WHERE
    (subjects.first_time IS NULL OR moments.moment >= subjects.first_time)
    AND subjects.subject NOT IN (SELECT subject FROM spells)
)
SELECT
  standing.day,
  sum(CASE standing.worst WHEN 2 THEN 1 ELSE 0 END) AS passed,
  sum(CASE standing.worst WHEN 0 THEN 1 ELSE 0 END) AS failed,
  sum(CASE standing.worst WHEN 1 THEN 1 WHEN 4 THEN 1 ELSE 0 END) AS unknown,
  sum(CASE standing.worst WHEN 3 THEN 1 ELSE 0 END) AS not_applicable,
  sum(CASE WHEN standing.worst NOT IN (2, 3) AND waivers.until >= standing.moment THEN 1 ELSE 0 END) AS waived
FROM standing
LEFT JOIN (
  SELECT subjects.subject, waived.until
  FROM waived
  JOIN subjects
    ON
      subjects.key = waived.key
      AND subjects.benchmark = waived.benchmark
      AND subjects.version = waived.version
      AND subjects.control = waived.control
) AS waivers ON waivers.subject = standing.subject
GROUP BY standing.day
ORDER BY standing.day
