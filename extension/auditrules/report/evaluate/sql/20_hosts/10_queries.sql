-- Which control a query is of: what most of its rows say, else what its name says.
SELECT query, benchmark, version, control
FROM (
  SELECT
    query, benchmark, version, control,
    row_number() OVER (PARTITION BY query ORDER BY number DESC, benchmark, version, control) AS place
  FROM (
    SELECT query, benchmark, version, control, sum(number) AS number
    FROM controls
    WHERE query <> ''
    GROUP BY query, benchmark, version, control
    UNION ALL
    SELECT query, benchmark, version, control, 0 AS number
    FROM named
  ) AS counted
) AS ranked
WHERE place = 1
