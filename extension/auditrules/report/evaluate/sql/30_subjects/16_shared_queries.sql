-- The queries of each host that named several controls.
SELECT key, query_base
FROM (SELECT DISTINCT key, query_base, benchmark, version, control FROM shared_snapshots) AS each_control
GROUP BY key, query_base
HAVING count(*) > 1
