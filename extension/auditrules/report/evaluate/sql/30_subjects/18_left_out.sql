-- The controls that a query once reported of a host, and its later snapshots leave out: each time it does so.
WITH runs AS (
  SELECT DISTINCT shared_snapshots.key, shared_snapshots.query_base, shared_snapshots.time
  FROM shared_snapshots
  JOIN shared_queries
    ON shared_queries.key = shared_snapshots.key AND shared_queries.query_base = shared_snapshots.query_base
),
numbered AS (
  SELECT key, query_base, time, row_number() OVER (PARTITION BY key, query_base ORDER BY time) AS number FROM runs
),
named AS (
  SELECT
    shared_snapshots.key,
    shared_snapshots.query_base,
    shared_snapshots.benchmark,
    shared_snapshots.version,
    shared_snapshots.control,
    numbered.number,
    lead(numbered.number) OVER (
      PARTITION BY
        shared_snapshots.key,
        shared_snapshots.query_base,
        shared_snapshots.benchmark,
        shared_snapshots.version,
        shared_snapshots.control
      ORDER BY numbered.number
    ) AS next_number
  FROM shared_snapshots
  JOIN numbered
    ON
      numbered.key = shared_snapshots.key
      AND numbered.query_base = shared_snapshots.query_base
      AND numbered.time = shared_snapshots.time
),
gaps AS (
  SELECT key, query_base, benchmark, version, control, number, next_number
  FROM named
  WHERE next_number IS NULL OR next_number > number + 1
)
SELECT gaps.key, gaps.query_base, gaps.benchmark, gaps.version, gaps.control, numbered.time
FROM gaps
JOIN numbered
  ON
    numbered.key = gaps.key
    AND numbered.query_base = gaps.query_base
    AND numbered.number > gaps.number
    AND (gaps.next_number IS NULL OR numbered.number < gaps.next_number)
