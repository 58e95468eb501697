-- Hosts with observations, runs or failures at an impossible time, and such times: the last, where any lies in the future.
WITH undated AS (
  SELECT
    observation_series.host,
    observation_series.identifier,
    observation_series.name,
    observation_series.undated AS line_count,
    observation_series.min_time,
    CASE
      WHEN observation_series.max_time > parameters.latest THEN observation_series.max_time
      ELSE observation_series.min_time
    END AS max_time
  FROM observation_series
  CROSS JOIN parameters
  WHERE observation_series.undated > 0
  UNION ALL
  SELECT
    interruptions.host,
    interruptions.identifier,
    interruptions.name,
    1 AS line_count,
    interruptions.time AS min_time,
    interruptions.time AS max_time
  FROM interruptions
  CROSS JOIN parameters
  WHERE interruptions.time < parameters.earliest OR interruptions.time > parameters.latest
)
SELECT
  coalesce(host_aliases.key, undated.host) AS key,
  sum(undated.line_count) AS line_count,
  min(undated.min_time) AS min_time,
  max(undated.max_time) AS max_time
FROM undated
LEFT JOIN host_aliases ON host_aliases.host = undated.host
      AND host_aliases.identifier IS NOT DISTINCT FROM undated.identifier
      AND host_aliases.name IS NOT DISTINCT FROM undated.name
GROUP BY coalesce(host_aliases.key, undated.host)
ORDER BY coalesce(host_aliases.key, undated.host)
