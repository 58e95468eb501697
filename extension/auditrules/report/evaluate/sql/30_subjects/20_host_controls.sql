-- Each host and control of which there is an observation, and how many of them have an impossible time.
SELECT
  coalesce(host_aliases.key, observation_series.host) AS key,
  observation_series.benchmark,
  observation_series.version,
  observation_series.control,
  min(observation_series.target) AS min_target,
  max(observation_series.target) AS max_target,
  max(observation_series.last_time) AS last_time,
  sum(observation_series.undated) AS undated
FROM observation_series
CROSS JOIN parameters
LEFT JOIN host_aliases
  ON host_aliases.host = observation_series.host
      AND host_aliases.identifier IS NOT DISTINCT FROM observation_series.identifier
      AND host_aliases.name IS NOT DISTINCT FROM observation_series.name
LEFT JOIN selected_benchmarks
  ON
    selected_benchmarks.benchmark = observation_series.benchmark
    AND selected_benchmarks.version = observation_series.version
LEFT JOIN selected_controls
  ON
    selected_controls.benchmark = observation_series.benchmark
    AND selected_controls.version = observation_series.version
    AND selected_controls.control = observation_series.control
WHERE
  (parameters.all_benchmarks = 1 OR selected_benchmarks.version IS NOT NULL)
  AND (parameters.all_controls = 1 OR selected_controls.control IS NOT NULL)
GROUP BY
  coalesce(host_aliases.key, observation_series.host),
  observation_series.benchmark,
  observation_series.version,
  observation_series.control
