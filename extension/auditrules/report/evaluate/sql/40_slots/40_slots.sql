-- What has a status of its own: of most subjects the subject, which is its own number, of some each target.
SELECT subject, subject AS slot FROM subjects WHERE subject NOT IN (SELECT subject FROM several)
UNION ALL
SELECT subject, slot FROM several
