-- Which controls a host's own rows name, of the queries that failed or returned no row. What one host logs says nothing of
-- the queries of another. `query_base` is what a query shares with the twin that takes its snapshots.
WITH interrupted AS (
  SELECT query FROM empty_runs
  UNION
  SELECT query FROM query_failures
),
-- A message does not show where the name of its query ends, if that holds a colon.
candidates AS (
  SELECT query FROM interrupted
  UNION
  SELECT query_base(query) AS query FROM interrupted
  UNION
  SELECT query_base(query) || '_snapshot' AS query FROM interrupted
  UNION
  SELECT query_base(query) || ' - snapshot' AS query FROM interrupted
  UNION
  SELECT query FROM query_targets WHERE query LIKE '%: %'
)
SELECT DISTINCT host, identifier, name, query, query_base(query) AS query_base, benchmark, version, control
FROM observations
WHERE query <> '' AND query IN (SELECT query FROM candidates)
