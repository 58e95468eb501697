-- Of how many rows the query reports one control, of how many there are, and when a host was last seen. Rows without a
-- digest, as others write them, are in no outline, so there none is made.
SELECT
  CASE
    WHEN
      EXISTS (
        SELECT 1 FROM observations WHERE host_digest IS NULL OR target_digest IS NULL OR row_digest IS NULL OR time IS NULL
      )
      THEN 0
    ELSE coalesce(sum(CASE WHEN known_queries.control_count = 1 THEN query_targets.row_count ELSE 0 END), 0)
  END AS alone_count,
  coalesce(sum(query_targets.row_count), 0) AS row_count,
  (SELECT max(last_time) FROM sightings) AS last_time
FROM query_targets
LEFT JOIN known_queries ON known_queries.query = query_targets.query
