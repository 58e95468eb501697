-- Each host and control of which something is said or expected, numbered. Expected of a host are the controls that at
-- least half of the hosts with the same benchmark have: one host alone makes no control for others. A host of no
-- benchmark is taken to have the one that most hosts have.
WITH failing AS (
  SELECT DISTINCT
    coalesce(aliases.key, interruptions.host) AS key, queries.benchmark, queries.version, queries.control
  FROM interruptions
  CROSS JOIN parameters
  JOIN queries ON queries.query = interruptions.query
  LEFT JOIN aliases ON aliases.host = interruptions.host AND aliases.name = interruptions.name
  WHERE
    (parameters.version = '' OR queries.version = parameters.version)
    AND (parameters.any_control = 1 OR queries.control IN (SELECT control FROM wanted_controls))
),
sized AS (
  SELECT benchmark, version, count(DISTINCT key) AS number FROM pairs GROUP BY benchmark, version
),
catalog AS (
  SELECT pairs.benchmark, pairs.version, pairs.control
  FROM pairs
  JOIN sized ON sized.benchmark = pairs.benchmark AND sized.version = pairs.version
  GROUP BY pairs.benchmark, pairs.version, pairs.control, sized.number
  HAVING 2 * count(*) >= sized.number
),
main AS (
  SELECT benchmark, version
  FROM (
    SELECT benchmark, version, row_number() OVER (ORDER BY number DESC, benchmark, version) AS place FROM sized
  ) AS ranked
  WHERE place = 1
),
having_one AS (
  SELECT key, benchmark, version FROM pairs
  UNION
  SELECT key, benchmark, version FROM failing
),
belonging AS (
  SELECT key, benchmark, version FROM having_one
  UNION
  SELECT hosts.key, main.benchmark, main.version
  FROM hosts
  CROSS JOIN main
  WHERE hosts.key NOT IN (SELECT key FROM having_one)
),
every AS (
  SELECT key, benchmark, version, control FROM pairs
  UNION
  SELECT key, benchmark, version, control FROM failing
  UNION
  SELECT belonging.key, belonging.benchmark, belonging.version, catalog.control
  FROM belonging
  JOIN catalog ON catalog.benchmark = belonging.benchmark AND catalog.version = belonging.version
)
SELECT
  row_number() OVER (ORDER BY every.key, every.benchmark, every.version, every.control) AS subject,
  every.key,
  every.benchmark,
  every.version,
  every.control,
  hosts.first_time,
  coalesce(pairs.undated, 0) AS undated,
  CASE WHEN pairs.least_target <> pairs.most_target THEN 1 ELSE 0 END AS moving
FROM every
JOIN hosts ON hosts.key = every.key
LEFT JOIN pairs
  ON
    pairs.key = every.key
    AND pairs.benchmark = every.benchmark
    AND pairs.version = every.version
    AND pairs.control = every.control
