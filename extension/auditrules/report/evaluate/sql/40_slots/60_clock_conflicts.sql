-- Slots whose status is doubtful if it is `state`: something else was reported at an impossible time, and nobody knows
-- which of the two is newer. A failure stays one.
WITH undated AS (
  SELECT
    series_slots.slot,
    counted_observations.status AS state,
    CASE counted_observations.action WHEN 'removed' THEN 1 ELSE 0 END AS removed
  FROM counted_observations
  CROSS JOIN parameters
  JOIN series_slots
    ON
      series_slots.host_digest = counted_observations.host_digest
      AND series_slots.target_digest = counted_observations.target_digest
  WHERE
    counted_observations.host_digest = 0  -- as of every series with such a time
    AND (
      counted_observations.time < parameters.earliest
      OR counted_observations.time > parameters.latest
    )
  UNION ALL
  SELECT slots.slot, interruptions.state, 0 AS removed
  FROM interruptions
  CROSS JOIN parameters
  LEFT JOIN host_aliases ON host_aliases.host = interruptions.host
      AND host_aliases.identifier IS NOT DISTINCT FROM interruptions.identifier
      AND host_aliases.name IS NOT DISTINCT FROM interruptions.name
  LEFT JOIN query_controls
    ON
      query_controls.key = coalesce(host_aliases.key, interruptions.host)
      AND query_controls.query = interruptions.query
  JOIN subjects
    ON
      subjects.key = coalesce(host_aliases.key, interruptions.host)
      AND (
        interruptions.query = ''
        OR (
          subjects.benchmark = query_controls.benchmark
          AND subjects.version = query_controls.version
          AND subjects.control = query_controls.control
        )
      )
  JOIN slots ON slots.subject = subjects.subject
  WHERE interruptions.time < parameters.earliest OR interruptions.time > parameters.latest
),
good_news AS (
  SELECT 'pass' AS state
  UNION ALL
  SELECT 'not_applicable' AS state
)
SELECT DISTINCT undated.slot, good_news.state
FROM undated
CROSS JOIN good_news
WHERE
  (undated.removed = 0 AND undated.state <> good_news.state)
  OR (undated.removed = 1 AND undated.state = good_news.state)
