-- Of how many rows the query reports one control, of how many there are, and when a host was last seen.
SELECT
  coalesce(sum(CASE WHEN known_queries.control_count = 1 THEN query_targets.row_count ELSE 0 END), 0) AS alone_count,
  coalesce(sum(query_targets.row_count), 0) AS row_count,
  (SELECT max(last_time) FROM sightings) AS last_time
FROM query_targets
LEFT JOIN known_queries ON known_queries.query = query_targets.query
