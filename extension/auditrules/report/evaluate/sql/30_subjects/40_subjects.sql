-- Each host and control of which something is said or expected, numbered. Expected of a host are the controls of our own
-- that any host with the same benchmark has, and of others those that at least half of the hosts have: one host alone
-- makes up no control for others. Where nothing at all was logged, our own are expected. A host of no benchmark is taken
-- to have the one that most hosts have. What a host said of a version is left out once that is stale, and it speaks of
-- another version: then `left_at` is when it grew stale.
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
  LEFT JOIN shipped
    ON
      shipped.benchmark = pairs.benchmark
      AND shipped.version = pairs.version
      AND shipped.control = pairs.control
  GROUP BY pairs.benchmark, pairs.version, pairs.control, sized.number, shipped.control
  HAVING shipped.control IS NOT NULL OR 2 * count(*) >= sized.number
  UNION
  SELECT shipped.benchmark, shipped.version, shipped.control
  FROM shipped
  CROSS JOIN parameters
  WHERE
    shipped.first = 1
    AND (SELECT count(*) FROM sized) = 0
    AND (parameters.any_control = 1 OR shipped.control IN (SELECT control FROM wanted_controls))
),
main AS (
  SELECT benchmark, version
  FROM (
    SELECT catalog.benchmark, catalog.version,
      row_number() OVER (
        ORDER BY coalesce(max(sized.number), 0) DESC, catalog.benchmark, catalog.version
      ) AS place
    FROM catalog
    LEFT JOIN sized ON sized.benchmark = catalog.benchmark AND sized.version = catalog.version
    GROUP BY catalog.benchmark, catalog.version
  ) AS ranked
  WHERE place = 1
),
spoken AS (
  SELECT key, benchmark, version, max(last_time) AS last_time FROM pairs GROUP BY key, benchmark, version
),
superseded AS (
  SELECT old.key, old.benchmark, old.version, max(old.last_time) + max(parameters.max_age) AS left_at
  FROM spoken AS old
  CROSS JOIN parameters
  JOIN spoken AS newer ON newer.key = old.key AND newer.benchmark = old.benchmark AND newer.version <> old.version
  WHERE
    parameters.until - old.last_time > parameters.max_age
    AND parameters.until - newer.last_time <= parameters.max_age
  GROUP BY old.key, old.benchmark, old.version
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
  SELECT key, benchmark, version, control, max(undated) AS undated, max(moving) AS moving
  FROM (
    SELECT
      key, benchmark, version, control, undated,
      CASE WHEN least_target <> most_target THEN 1 ELSE 0 END AS moving
    FROM pairs
    UNION ALL
    SELECT key, benchmark, version, control, 0 AS undated, 0 AS moving FROM failing
    UNION ALL
    SELECT belonging.key, belonging.benchmark, belonging.version, catalog.control, 0 AS undated, 0 AS moving
    FROM belonging
    JOIN catalog ON catalog.benchmark = belonging.benchmark AND catalog.version = belonging.version
  ) AS named
  GROUP BY key, benchmark, version, control
)
SELECT
  row_number() OVER (ORDER BY every.key, every.benchmark, every.version, every.control) AS subject,
  every.key,
  every.benchmark,
  every.version,
  every.control,
  hosts.first_time,
  superseded.left_at,
  every.undated,
  every.moving
FROM every
JOIN hosts ON hosts.key = every.key
LEFT JOIN superseded
  ON
    superseded.key = every.key
    AND superseded.benchmark = every.benchmark
    AND superseded.version = every.version
