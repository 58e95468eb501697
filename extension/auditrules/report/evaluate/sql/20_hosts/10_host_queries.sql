-- Which controls a host's own rows name, of the queries that failed or returned no row. What one host logs says nothing of
-- the queries of another. Of a query's snapshots the last one
-- decides: it leaves out what the query no longer reports. `query_base` is what a query shares with the twin that takes its snapshots.
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
),
own AS (
  SELECT host, identifier, name, query, benchmark, version, control, action, time
  FROM outlined
  WHERE query <> '' AND query IN (SELECT query FROM candidates)
),
last_snapshots AS (
  SELECT own.host, own.identifier, own.name, own.query, max(own.time) AS time
  FROM own
  CROSS JOIN parameters
  WHERE own.action = 'snapshot' AND own.time BETWEEN parameters.earliest AND least(parameters.horizon, parameters.latest)
  GROUP BY own.host, own.identifier, own.name, own.query
)
SELECT DISTINCT
  own.host, own.identifier, own.name, own.query, query_base(own.query) AS query_base, own.benchmark, own.version,
  own.control
FROM own
CROSS JOIN parameters
LEFT JOIN last_snapshots
  ON
    last_snapshots.host = own.host
    AND last_snapshots.identifier IS NOT DISTINCT FROM own.identifier
    AND last_snapshots.name IS NOT DISTINCT FROM own.name
    AND last_snapshots.query = own.query
WHERE
  own.action <> 'snapshot'
  OR last_snapshots.time IS NULL
  OR own.time NOT BETWEEN parameters.earliest AND parameters.latest
  OR own.time >= last_snapshots.time
