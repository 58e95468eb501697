-- Of which control a query is: of the one that most of its rows name, else of the one that its own name says.
SELECT query, benchmark, version, control
FROM (
  SELECT
    query, benchmark, version, control,
    row_number() OVER (PARTITION BY query ORDER BY row_count DESC, benchmark, version, control) AS place
  FROM (
    SELECT query, benchmark, version, control, sum(row_count) AS row_count
    FROM query_targets
    WHERE query <> ''
    GROUP BY query, benchmark, version, control
    UNION ALL
    SELECT query, benchmark, version, control, 0 AS row_count
    FROM named_queries
  ) AS counted
) AS ranked
WHERE place = 1
