-- Hosts with rows, runs or failures whose time cannot be.
WITH every AS (
  SELECT host, name, time FROM verdicts
  UNION ALL
  SELECT host, name, time FROM interruptions
)
SELECT
  coalesce(aliases.key, every.host) AS key,
  count(*) AS number,
  min(every.time) AS least,
  max(every.time) AS most
FROM every
CROSS JOIN parameters
LEFT JOIN aliases ON aliases.host = every.host AND aliases.name = every.name
WHERE every.time < parameters.earliest OR every.time > parameters.latest
GROUP BY coalesce(aliases.key, every.host)
ORDER BY coalesce(aliases.key, every.host)
