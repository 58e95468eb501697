-- The subject of each series.
SELECT
  observation_series.host_digest,
  observation_series.target_digest,
  observation_series.target,
  subjects.subject,
  subjects.has_targets,
  observation_series.is_outlined
FROM observation_series
LEFT JOIN host_aliases
  ON host_aliases.host = observation_series.host
      AND host_aliases.identifier IS NOT DISTINCT FROM observation_series.identifier
      AND host_aliases.name IS NOT DISTINCT FROM observation_series.name
JOIN subjects
  ON
    subjects.key = coalesce(host_aliases.key, observation_series.host)
    AND subjects.benchmark = observation_series.benchmark
    AND subjects.version = observation_series.version
    AND subjects.control = observation_series.control
