-- The controls that a query reported of a host, and later snapshots of it left out. Of many queries the last ones count.
WITH runs AS (
  SELECT DISTINCT shared_snapshots.key, shared_snapshots.query_base, shared_snapshots.time
  FROM shared_snapshots
  JOIN shared_queries
    ON shared_queries.key = shared_snapshots.key AND shared_queries.query_base = shared_snapshots.query_base
),
numbered AS (
  SELECT
    key, query_base, time,
    row_number() OVER (PARTITION BY key, query_base ORDER BY time DESC) AS runs_left
  FROM runs
)
SELECT key, query_base, benchmark, version, control
FROM (
  SELECT
    shared_snapshots.key,
    shared_snapshots.query_base,
    shared_snapshots.benchmark,
    shared_snapshots.version,
    shared_snapshots.control,
    row_number() OVER (
      PARTITION BY
        shared_snapshots.key, shared_snapshots.benchmark, shared_snapshots.version, shared_snapshots.control
      ORDER BY max(shared_snapshots.time) DESC, shared_snapshots.query_base
    ) AS place
  FROM shared_snapshots
  JOIN numbered
    ON
      numbered.key = shared_snapshots.key
      AND numbered.query_base = shared_snapshots.query_base
      AND numbered.time = shared_snapshots.time
  GROUP BY
    shared_snapshots.key,
    shared_snapshots.query_base,
    shared_snapshots.benchmark,
    shared_snapshots.version,
    shared_snapshots.control
  HAVING count(*) < max(numbered.runs_left)
) AS ranked
WHERE within_query_limit(place)
