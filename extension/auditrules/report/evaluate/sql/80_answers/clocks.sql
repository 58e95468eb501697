-- Hosts with rows, runs or failures whose time cannot be, and such times: the last, where any is to come.
WITH every AS (
  SELECT
    voices.host,
    voices.name,
    voices.undated AS number,
    voices.least_time AS least,
    CASE WHEN voices.most_time > parameters.latest THEN voices.most_time ELSE voices.least_time END AS most
  FROM voices
  CROSS JOIN parameters
  WHERE voices.undated > 0
  UNION ALL
  SELECT interruptions.host, interruptions.name, 1 AS number, interruptions.time AS least, interruptions.time AS most
  FROM interruptions
  CROSS JOIN parameters
  WHERE interruptions.time < parameters.earliest OR interruptions.time > parameters.latest
)
SELECT
  coalesce(aliases.key, every.host) AS key,
  sum(every.number) AS number,
  min(every.least) AS least,
  max(every.most) AS most
FROM every
LEFT JOIN aliases ON aliases.host = every.host AND aliases.name = every.name
GROUP BY coalesce(aliases.key, every.host)
ORDER BY coalesce(aliases.key, every.host)
