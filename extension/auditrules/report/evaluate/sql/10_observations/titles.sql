-- Title and level of each control, as most of its rows have them.
SELECT benchmark, version, control, title, level
FROM (
  SELECT
    benchmark, version, control, title, level,
    row_number() OVER (PARTITION BY benchmark, version, control ORDER BY number DESC, title, level) AS place
  FROM (
    SELECT benchmark, version, control, title, level, sum(number) AS number
    FROM controls
    GROUP BY benchmark, version, control, title, level
  ) AS counted
) AS ranked
WHERE place = 1
ORDER BY benchmark, version, control
