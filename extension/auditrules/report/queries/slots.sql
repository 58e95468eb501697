-- What has a status of its own: of most subjects the subject, of some each target.
SELECT DISTINCT subjects.subject, coalesce(targets.slot, '') AS slot
FROM subjects
LEFT JOIN (
  SELECT DISTINCT said.subject, said.slot
  FROM rows_said AS said
  JOIN several ON several.subject = said.subject
) AS targets ON targets.subject = subjects.subject
