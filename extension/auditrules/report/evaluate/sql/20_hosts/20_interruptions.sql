-- What makes a verdict unknown from a moment on: a run without rows, a failed query, the loss of the extension.
-- A status log belongs to the host that the machine in its header names, or the folder that it lies in. Where several
-- hosts have that name it counts for each of them, as nobody knows whose it is. `certain` is 0 where the host was found so.
WITH host_texts AS (
  SELECT lower(name) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(identifier) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(host) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(name) AS alias, host, identifier, name FROM extension_states
),
machines AS (
  SELECT DISTINCT name, folder FROM query_failures WHERE host = ''
),
candidates AS (
  SELECT machines.name AS machine, machines.folder, host_texts.host, host_texts.identifier, host_texts.name, 1 AS place
  FROM machines
  JOIN host_texts ON host_texts.alias = lower(machines.name)
  WHERE host_texts.alias <> ''
  UNION
  SELECT machines.name AS machine, machines.folder, host_texts.host, host_texts.identifier, host_texts.name, 2 AS place
  FROM machines
  JOIN host_texts ON host_texts.alias = lower(machines.folder)
  WHERE host_texts.alias <> ''
  UNION
  -- a name without a domain is that of a host with one
  SELECT machines.name AS machine, machines.folder, host_texts.host, host_texts.identifier, host_texts.name, 3 AS place
  FROM machines
  JOIN host_texts ON split_part(host_texts.alias, '.', 1) = split_part(lower(machines.name), '.', 1)
  WHERE
    host_texts.alias <> ''
    AND (
      host_texts.alias = split_part(host_texts.alias, '.', 1)
      OR lower(machines.name) = split_part(lower(machines.name), '.', 1)
    )
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
-- The name of a query may hold the colon that stands between it and the message.
colon_names AS (
  SELECT messages.query, messages.message, max(query_controls.query) AS whole
  FROM (SELECT DISTINCT query, message FROM query_failures WHERE query <> '') AS messages
  JOIN query_controls
    ON
      query_controls.query LIKE '%: %'
      AND starts_with(concat(messages.query, ': ', messages.message), concat(query_controls.query, ': '))
  GROUP BY messages.query, messages.message
),
failed AS (
  SELECT
    query_failures.host, query_failures.identifier, query_failures.name, query_failures.folder, query_failures.time,
    coalesce(colon_names.whole, query_failures.query) AS query,
    CASE
      WHEN colon_names.whole IS NULL THEN query_failures.message
      ELSE substr(concat(query_failures.query, ': ', query_failures.message), length(colon_names.whole) + 3)
    END AS message
  FROM query_failures
  LEFT JOIN colon_names ON colon_names.query = query_failures.query AND colon_names.message = query_failures.message
),
next_states AS (
  SELECT
    host, identifier, name, time, loaded,
    lead(time) OVER (PARTITION BY host, name ORDER BY time, loaded) AS next_time,
    lead(loaded) OVER (PARTITION BY host, name ORDER BY time, loaded) AS next_loaded
  FROM extension_states
)
SELECT host, identifier, name, query, 'gone' AS state, '' AS message, time, 1 AS certain
FROM empty_runs
WHERE query IN (SELECT query FROM query_controls)
UNION ALL
SELECT
  coalesce(nullif(failed.host, ''), owners.host, failed.name) AS host,
  coalesce(owners.identifier, failed.identifier) AS identifier,
  coalesce(owners.name, failed.name) AS name,
  failed.query,
  'query_failed' AS state,
  failed.message,
  failed.time,
  CASE WHEN owners.host IS NULL THEN 1 ELSE 0 END AS certain
FROM failed
LEFT JOIN owners ON failed.host = '' AND owners.machine = failed.name AND owners.folder = failed.folder
WHERE failed.query = '' OR failed.query IN (SELECT query FROM query_controls)
UNION ALL
SELECT
  next_states.host,
  next_states.identifier,
  next_states.name,
  '' AS query,
  'extension_missing' AS state,
  '' AS message,
  next_states.time,
  1 AS certain
FROM next_states
CROSS JOIN parameters
WHERE
  next_states.loaded = 0
  AND (next_states.time >= parameters.earliest OR coalesce(next_states.next_loaded, 0) = 0)
  AND (
    next_states.next_loaded IS NULL
    OR next_states.next_loaded = 0
    OR next_states.next_time - next_states.time > parameters.restart_gap
  )
