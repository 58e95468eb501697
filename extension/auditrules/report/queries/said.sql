-- The last status that each slot had by its own word.
SELECT slot, what, last_time
FROM (
  SELECT slot, what, last_time, row_number() OVER (PARTITION BY slot ORDER BY age) AS place
  FROM spells
  WHERE what IN ('fail', 'unknown', 'pass', 'not_applicable')
) AS ranked
WHERE place = 1
