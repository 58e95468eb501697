-- The snapshots of queries that report several controls, such as `cis_docker_all_snapshot`: which controls of which host
-- each snapshot names.
SELECT DISTINCT
  coalesce(host_aliases.key, observation_series.host) AS key,
  query_base(attributed_observations.query) AS query_base,
  observation_series.benchmark,
  observation_series.version,
  observation_series.control,
  least(attributed_observations.time, parameters.until) AS time
FROM attributed_observations
CROSS JOIN parameters
JOIN known_queries ON known_queries.query = attributed_observations.query AND known_queries.control_count > 1
JOIN observation_series
  ON
    observation_series.host_digest = attributed_observations.host_digest
    AND observation_series.target_digest = attributed_observations.target_digest
LEFT JOIN host_aliases
  ON host_aliases.host = observation_series.host
      AND host_aliases.identifier IS NOT DISTINCT FROM observation_series.identifier
      AND host_aliases.name IS NOT DISTINCT FROM observation_series.name
WHERE attributed_observations.action = 'snapshot' AND attributed_observations.order_key IS NOT NULL
