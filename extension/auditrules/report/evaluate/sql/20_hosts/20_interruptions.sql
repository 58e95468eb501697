-- What makes a verdict unknown from then on: a run without rows, a failure, the loss of the extension.
-- A status file is its host's by the machine in its header, or by the folder that it lies in. Where more than one host
-- has that name, nobody knows whose it is, and it counts for each of them. `certain` is 0 where the host was found so.
WITH texts AS (
  SELECT lower(name) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(identifier) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(host) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(name) AS alias, host, identifier, name FROM loaded
),
machines AS (
  SELECT DISTINCT name, folder FROM failures WHERE host = ''
),
candidates AS (
  SELECT machines.name AS machine, machines.folder, texts.host, texts.identifier, texts.name, 1 AS place
  FROM machines
  JOIN texts ON texts.alias = lower(machines.name)
  WHERE texts.alias <> ''
  UNION
  SELECT machines.name AS machine, machines.folder, texts.host, texts.identifier, texts.name, 2 AS place
  FROM machines
  JOIN texts ON texts.alias = lower(machines.folder)
  WHERE texts.alias <> ''
  UNION
  -- a name without a domain is that of a host with one
  SELECT machines.name AS machine, machines.folder, texts.host, texts.identifier, texts.name, 3 AS place
  FROM machines
  JOIN texts ON split_part(texts.alias, '.', 1) = split_part(lower(machines.name), '.', 1)
  WHERE
    texts.alias <> ''
    AND (texts.alias = split_part(texts.alias, '.', 1) OR lower(machines.name) = split_part(lower(machines.name), '.', 1))
),
both_ways AS (
  SELECT machine, folder, host FROM candidates WHERE place <> 2
  INTERSECT
  SELECT machine, folder, host FROM candidates WHERE place = 2
),
ranked AS (
  SELECT
    candidates.machine, candidates.folder, candidates.host, candidates.identifier, candidates.name,
    CASE WHEN both_ways.host IS NULL THEN candidates.place ELSE 0 END AS place
  FROM candidates
  LEFT JOIN both_ways
    ON
      both_ways.machine = candidates.machine
      AND both_ways.folder = candidates.folder
      AND both_ways.host = candidates.host
),
best AS (
  SELECT machine, folder, min(place) AS place FROM ranked GROUP BY machine, folder
),
owners AS (
  SELECT DISTINCT ranked.machine, ranked.folder, ranked.host, ranked.identifier, ranked.name
  FROM ranked
  JOIN best ON best.machine = ranked.machine AND best.folder = ranked.folder AND best.place = ranked.place
),
-- The name of a query may hold what stands between it and the message.
named_so AS (
  SELECT said.query, said.message, max(queries.query) AS whole
  FROM (SELECT DISTINCT query, message FROM failures WHERE query <> '') AS said
  JOIN queries
    ON
      queries.query LIKE '%: %'
      AND starts_with(concat(said.query, ': ', said.message), concat(queries.query, ': '))
  GROUP BY said.query, said.message
),
failed AS (
  SELECT
    failures.host, failures.identifier, failures.name, failures.folder, failures.time,
    coalesce(named_so.whole, failures.query) AS query,
    CASE
      WHEN named_so.whole IS NULL THEN failures.message
      ELSE substr(concat(failures.query, ': ', failures.message), length(named_so.whole) + 3)
    END AS message
  FROM failures
  LEFT JOIN named_so ON named_so.query = failures.query AND named_so.message = failures.message
),
turns AS (
  SELECT
    host, identifier, name, time, loaded,
    lead(time) OVER (PARTITION BY host, name ORDER BY time, loaded) AS next_time,
    lead(loaded) OVER (PARTITION BY host, name ORDER BY time, loaded) AS next_loaded
  FROM loaded
)
SELECT host, identifier, name, query, 'gone' AS what, '' AS message, time, 1 AS certain
FROM empty_runs
WHERE query IN (SELECT query FROM queries)
UNION ALL
SELECT
  coalesce(nullif(failed.host, ''), owners.host, failed.name) AS host,
  coalesce(owners.identifier, failed.identifier) AS identifier,
  coalesce(owners.name, failed.name) AS name,
  failed.query,
  'failed' AS what,
  failed.message,
  failed.time,
  CASE WHEN owners.host IS NULL THEN 1 ELSE 0 END AS certain
FROM failed
LEFT JOIN owners ON failed.host = '' AND owners.machine = failed.name AND owners.folder = failed.folder
WHERE failed.query = '' OR failed.query IN (SELECT query FROM queries)
UNION ALL
SELECT turns.host, turns.identifier, turns.name, '' AS query, 'lost' AS what, '' AS message, turns.time, 1 AS certain
FROM turns
CROSS JOIN parameters
WHERE
  turns.loaded = 0
  AND (turns.time >= parameters.earliest OR coalesce(turns.next_loaded, 0) = 0)
  AND (turns.next_loaded IS NULL OR turns.next_loaded = 0 OR turns.next_time - turns.time > parameters.flip)
