-- Slots whose word is in doubt, if it is `what`: another was said at a time that cannot be, and nobody knows which is the
-- newer one. A failure is none less for it.
WITH undated AS (
  SELECT
    voiced.slot,
    attributed.status AS what,
    CASE attributed.kind WHEN 'removed' THEN 1 ELSE 0 END AS removed
  FROM attributed
  CROSS JOIN parameters
  JOIN voiced ON voiced.speaker = attributed.speaker AND voiced.about = attributed.about
  WHERE
    attributed.speaker = 0  -- as of every voice that says such a time
    AND (attributed.time < parameters.earliest OR attributed.time > parameters.latest)
  UNION ALL
  SELECT slots.slot, interruptions.what, 0 AS removed
  FROM interruptions
  CROSS JOIN parameters
  LEFT JOIN aliases ON aliases.host = interruptions.host AND aliases.name = interruptions.name
  LEFT JOIN queries ON queries.query = interruptions.query
  JOIN subjects
    ON
      subjects.key = coalesce(aliases.key, interruptions.host)
      AND (
        interruptions.query = ''
        OR (
          subjects.benchmark = queries.benchmark
          AND subjects.version = queries.version
          AND subjects.control = queries.control
        )
      )
  JOIN slots ON slots.subject = subjects.subject
  WHERE interruptions.time < parameters.earliest OR interruptions.time > parameters.latest
),
assuring AS (
  SELECT 'pass' AS what
  UNION ALL
  SELECT 'not_applicable' AS what
)
SELECT DISTINCT undated.slot, assuring.what
FROM undated
CROSS JOIN assuring
WHERE
  (undated.removed = 0 AND undated.what <> assuring.what)
  OR (undated.removed = 1 AND undated.what = assuring.what)
