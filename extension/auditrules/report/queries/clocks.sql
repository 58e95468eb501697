-- Hosts with rows whose time cannot be.
SELECT
  coalesce(aliases.key, verdicts.host) AS key,
  count(*) AS number,
  min(verdicts.time) AS least,
  max(verdicts.time) AS most
FROM verdicts
CROSS JOIN parameters
LEFT JOIN aliases ON aliases.host = verdicts.host AND aliases.name = verdicts.name
WHERE verdicts.time < parameters.earliest OR verdicts.time > parameters.latest
GROUP BY coalesce(aliases.key, verdicts.host)
ORDER BY coalesce(aliases.key, verdicts.host)
