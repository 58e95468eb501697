-- Title and level of each control, as most of its observations have them.
SELECT benchmark, version, control, title, level
FROM (
  SELECT
    benchmark, version, control, title, level,
    row_number() OVER (PARTITION BY benchmark, version, control ORDER BY row_count DESC, title, level) AS place
  FROM (
    SELECT benchmark, version, control, title, level, sum(row_count) AS row_count
    FROM query_targets
    GROUP BY benchmark, version, control, title, level
  ) AS counted
) AS ranked
WHERE place = 1
ORDER BY benchmark, version, control
