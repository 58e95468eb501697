-- The last status that each slot had by its own word.
SELECT slot, what, last_time, last_turn
FROM (
  SELECT slot, what, last_time, last_turn, row_number() OVER (PARTITION BY slot ORDER BY age) AS place
  FROM spells
  WHERE what IN ('fail', 'unknown', 'pass', 'not_applicable')
) AS ranked
WHERE place = 1
