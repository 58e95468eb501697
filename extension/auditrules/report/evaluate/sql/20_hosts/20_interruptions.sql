-- What makes a verdict unknown from a moment on: a run without rows, a failed query, the loss of the extension. A query
-- is ours where the host's own rows say so, or else by its name.
-- A status log belongs to the host that the machine in its header names, or the folder that it lies in. Where several
-- hosts have that name it counts for each of them, as nobody knows whose it is. `certain` is 0 where the host was found so.
-- A name of more hosts than `within_owner_limit` names none: such a failure is of a host of that name.
WITH every_text AS (
  SELECT lower(name) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(identifier) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(host) AS alias, host, identifier, name FROM sightings
  UNION
  SELECT lower(name) AS alias, host, identifier, name FROM extension_states
),
few_hosts AS (
  SELECT split_part(alias, '.', 1) AS short
  FROM every_text
  WHERE alias <> ''
  GROUP BY split_part(alias, '.', 1)
  HAVING within_owner_limit(count(DISTINCT concat(host, chr(0), coalesce(identifier, ''), chr(0), coalesce(name, ''))))
),
host_texts AS (
  SELECT every_text.alias, every_text.host, every_text.identifier, every_text.name
  FROM every_text
  JOIN few_hosts ON few_hosts.short = split_part(every_text.alias, '.', 1)
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
-- A line of a status log that has an identifier and no host_uuid is of every host of that identifier.
few_identifiers AS (
  SELECT lower(identifier) AS identifier
  FROM sightings
  WHERE identifier <> ''
  GROUP BY lower(identifier)
  HAVING within_owner_limit(count(DISTINCT host))
),
of_identifier AS (
  SELECT DISTINCT query_failures.host AS logged_host, sightings.host, sightings.identifier, sightings.name
  FROM query_failures
  JOIN few_identifiers ON few_identifiers.identifier = lower(query_failures.identifier)
  JOIN sightings ON lower(sightings.identifier) = few_identifiers.identifier
  WHERE query_failures.host <> '' AND query_failures.host = query_failures.identifier
),
-- The name of a query may hold the colon that stands between it and the message: then both readings count.
failed AS (
  SELECT
    coalesce(of_identifier.host, nullif(query_failures.host, ''), owners.host, query_failures.name) AS host,
    coalesce(of_identifier.identifier, owners.identifier, query_failures.identifier) AS identifier,
    coalesce(of_identifier.name, owners.name, query_failures.name) AS name,
    query_failures.query,
    query_failures.message,
    query_failures.time,
    CASE
      WHEN owners.host IS NULL AND coalesce(of_identifier.host, query_failures.host) = query_failures.host THEN 1
      ELSE 0
    END AS certain
  FROM query_failures
  LEFT JOIN of_identifier
    ON of_identifier.logged_host = query_failures.host AND query_failures.host = query_failures.identifier
  LEFT JOIN owners
    ON
      query_failures.host = ''
      AND owners.machine = query_failures.name
      AND owners.folder = query_failures.folder
),
own_queries AS (
  SELECT lower(host) AS alias, query, query_base FROM host_queries
  UNION
  SELECT lower(identifier) AS alias, query, query_base FROM host_queries
  UNION
  SELECT lower(name) AS alias, query, query_base FROM host_queries
),
failed_texts AS (
  SELECT lower(host) AS alias, host, identifier, name, query, message, time, certain FROM failed
  UNION
  SELECT lower(identifier) AS alias, host, identifier, name, query, message, time, certain FROM failed
  UNION
  SELECT lower(name) AS alias, host, identifier, name, query, message, time, certain FROM failed
),
interrupted AS (
  SELECT host, identifier, name, query, 'gone' AS state, '' AS message, time, 1 AS certain FROM empty_runs
  UNION ALL
  SELECT host, identifier, name, query, 'query_failed' AS state, message, time, certain FROM failed
  UNION ALL
  SELECT DISTINCT
    failed_texts.host,
    failed_texts.identifier,
    failed_texts.name,
    own_queries.query,
    'query_failed' AS state,
    substr(concat(failed_texts.query, ': ', failed_texts.message), length(own_queries.query) + 3) AS message,
    failed_texts.time,
    failed_texts.certain
  FROM failed_texts
  JOIN own_queries
    ON
      own_queries.alias = failed_texts.alias
      AND own_queries.query LIKE '%: %'
      AND starts_with(
        concat(failed_texts.query, ': ', failed_texts.message), concat(own_queries.query, ': ')
      )
  WHERE failed_texts.query <> ''
),
interrupted_queries AS (
  SELECT DISTINCT host, identifier, name, query, query_base(query) AS query_base FROM interrupted
),
query_texts AS (
  SELECT lower(host) AS alias, host, identifier, name, query, query_base FROM interrupted_queries
  UNION ALL
  SELECT lower(identifier) AS alias, host, identifier, name, query, query_base FROM interrupted_queries
  UNION ALL
  SELECT lower(name) AS alias, host, identifier, name, query, query_base FROM interrupted_queries
),
ours AS (
  SELECT query_texts.host, query_texts.identifier, query_texts.name, query_texts.query
  FROM query_texts
  JOIN own_queries ON own_queries.alias = query_texts.alias AND own_queries.query_base = query_texts.query_base
  UNION
  SELECT host, identifier, name, query
  FROM interrupted_queries
  WHERE query = '' OR query IN (SELECT query FROM named_queries)
),
next_states AS (
  SELECT
    host, identifier, name, time, loaded,
    lead(time) OVER (PARTITION BY host, identifier, name ORDER BY time, loaded) AS next_time,
    lead(loaded) OVER (PARTITION BY host, identifier, name ORDER BY time, loaded) AS next_loaded
  FROM extension_states
)
SELECT
  interrupted.host,
  interrupted.identifier,
  interrupted.name,
  interrupted.query,
  interrupted.state,
  interrupted.message,
  interrupted.time,
  interrupted.certain
FROM interrupted
JOIN ours
  ON
    ours.host = interrupted.host
    AND ours.identifier IS NOT DISTINCT FROM interrupted.identifier
    AND ours.name IS NOT DISTINCT FROM interrupted.name
    AND ours.query = interrupted.query
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
