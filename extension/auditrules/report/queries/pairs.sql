-- Each host and control of which a row was read, and how many of its rows say a time that cannot be.
SELECT
  coalesce(aliases.key, verdicts.host) AS key,
  verdicts.benchmark,
  verdicts.version,
  verdicts.control,
  min(verdicts.target) AS least_target,
  max(verdicts.target) AS most_target,
  max(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN verdicts.time END) AS last_time,
  sum(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN 0 ELSE 1 END) AS undated
FROM verdicts
CROSS JOIN parameters
LEFT JOIN aliases ON aliases.host = verdicts.host AND aliases.name = verdicts.name
WHERE
  (verdicts.time <= parameters.horizon OR verdicts.time > parameters.latest)
  AND (parameters.version = '' OR verdicts.version = parameters.version)
  AND (parameters.any_control = 1 OR verdicts.control IN (SELECT control FROM wanted_controls))
GROUP BY coalesce(aliases.key, verdicts.host), verdicts.benchmark, verdicts.version, verdicts.control
