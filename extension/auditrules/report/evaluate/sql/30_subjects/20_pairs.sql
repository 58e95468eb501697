-- Each host and control of which a row was read, and how many of its rows say a time that cannot be.
SELECT
  coalesce(aliases.key, voices.host) AS key,
  voices.benchmark,
  voices.version,
  voices.control,
  min(voices.target) AS least_target,
  max(voices.target) AS most_target,
  max(voices.last_time) AS last_time,
  sum(voices.undated) AS undated
FROM voices
CROSS JOIN parameters
LEFT JOIN aliases ON aliases.host = voices.host AND aliases.name = voices.name
WHERE
  (parameters.version = '' OR voices.version = parameters.version)
  AND (parameters.any_control = 1 OR voices.control IN (SELECT control FROM wanted_controls))
GROUP BY coalesce(aliases.key, voices.host), voices.benchmark, voices.version, voices.control
