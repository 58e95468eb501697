-- Queries that returned no row of a control on any host: only their names can say of which control they are.
SELECT DISTINCT query
FROM (
  SELECT query FROM empty_runs
  UNION ALL
  SELECT query FROM query_failures
) AS silent
WHERE query <> '' AND query NOT IN (SELECT query FROM query_targets)
ORDER BY query
LIMIT 10000
