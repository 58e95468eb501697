-- The names of all queries, ours or others, that failed or returned no row.
SELECT DISTINCT query
FROM (
  SELECT query FROM empty_runs
  UNION ALL
  SELECT query FROM query_failures
) AS interrupted
WHERE query <> ''
ORDER BY query
