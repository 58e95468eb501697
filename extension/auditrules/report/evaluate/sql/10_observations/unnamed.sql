-- Queries that gave no row and are not known by any: their names are all there is.
SELECT DISTINCT query
FROM (
  SELECT query FROM empty_runs
  UNION ALL
  SELECT query FROM failures
) AS silent
WHERE query <> '' AND query NOT IN (SELECT query FROM controls)
ORDER BY query
LIMIT 10000
