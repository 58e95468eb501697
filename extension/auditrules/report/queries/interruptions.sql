-- What makes a verdict unknown from then on: a run without rows, a failure, the loss of the extension.
-- A status file is its host's by the machine in its header, or by the folder that it lies in.
WITH texts AS (
  SELECT lower(name) AS alias, host FROM sightings
  UNION ALL
  SELECT lower(identifier) AS alias, host FROM sightings
  UNION ALL
  SELECT lower(host) AS alias, host FROM sightings
  UNION ALL
  SELECT lower(name) AS alias, host FROM loaded
),
known AS (
  SELECT alias, min(host) AS host
  FROM texts
  WHERE alias <> ''
  GROUP BY alias
  HAVING count(DISTINCT host) = 1
),
turns AS (
  SELECT
    host, identifier, name, time, loaded,
    lead(time) OVER (PARTITION BY host, name ORDER BY time, loaded) AS next_time,
    lead(loaded) OVER (PARTITION BY host, name ORDER BY time, loaded) AS next_loaded
  FROM loaded
)
SELECT host, identifier, name, query, 'gone' AS what, '' AS message, time
FROM empty_runs
WHERE query IN (SELECT query FROM queries)
UNION ALL
SELECT
  coalesce(nullif(failures.host, ''), machines.host, folders.host, shorts.host, failures.name) AS host,
  failures.identifier,
  failures.name,
  failures.query,
  'failed' AS what,
  failures.message,
  failures.time
FROM failures
LEFT JOIN known AS machines ON machines.alias = lower(failures.name)
LEFT JOIN known AS folders ON folders.alias = lower(failures.folder)
LEFT JOIN known AS shorts ON shorts.alias = split_part(lower(failures.name), '.', 1)
WHERE failures.query = '' OR failures.query IN (SELECT query FROM queries)
UNION ALL
SELECT turns.host, turns.identifier, turns.name, '' AS query, 'lost' AS what, '' AS message, turns.time
FROM turns
CROSS JOIN parameters
WHERE
  turns.loaded = 0
  AND (turns.next_loaded IS NULL OR turns.next_loaded = 0 OR turns.next_time - turns.time > parameters.flip)
