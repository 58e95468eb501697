-- Series of which every observation counts, and not only those of an outline: where something else happens to the same host
-- and control between two observations that say the same. So of hosts with a failed query, a run without rows or an extension
-- that is not loaded, of those that have a control that a snapshot left out, and of controls of which a host has several
-- series, as with several targets or names.
WITH disturbed AS (
  SELECT coalesce(host_aliases.key, interruptions.host) AS key
  FROM interruptions
  LEFT JOIN host_aliases
    ON
      host_aliases.host = interruptions.host
      AND host_aliases.identifier IS NOT DISTINCT FROM interruptions.identifier
      AND host_aliases.name IS NOT DISTINCT FROM interruptions.name
  UNION
  SELECT key FROM left_out
),
several AS (
  SELECT subject FROM series_subjects GROUP BY subject HAVING count(*) > 1
)
SELECT series_subjects.host_digest, series_subjects.target_digest
FROM series_subjects
JOIN subjects ON subjects.subject = series_subjects.subject
WHERE
  series_subjects.is_outlined = 1
  AND (
    series_subjects.subject IN (SELECT subject FROM several)
    OR subjects.key IN (SELECT key FROM disturbed)
  )
