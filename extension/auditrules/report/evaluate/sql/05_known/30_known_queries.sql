-- The queries that returned rows, numbered, and of how many controls each is.
SELECT query, count(*) AS control_count, row_number() OVER (ORDER BY query) AS number
FROM (SELECT DISTINCT query, benchmark, version, control FROM query_targets) AS each_control
GROUP BY query
