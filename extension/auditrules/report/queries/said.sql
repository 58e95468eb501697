-- The last status that each slot had by its own word.
SELECT subject, slot, what, first_time, last_time
FROM (
  SELECT
    subject, slot, what, first_time, last_time,
    row_number() OVER (PARTITION BY subject, slot ORDER BY age) AS place
  FROM spells
  WHERE what IN ('fail', 'unknown', 'pass', 'not_applicable')
) AS ranked
WHERE place = 1
