-- Where a status became another one. What interrupts a status and leaves it as it was turns nothing.
SELECT subject, slot, before, what, first_time, first_turn
FROM (
  SELECT
    subject, slot, what, first_time, first_turn,
    lag(what) OVER (PARTITION BY slot ORDER BY age DESC) AS before
  FROM spells
  WHERE what IN ('fail', 'unknown', 'pass', 'not_applicable')
) AS said
WHERE before <> what
