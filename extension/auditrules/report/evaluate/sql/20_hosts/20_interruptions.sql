-- What makes a verdict unknown from a moment on: a run without rows, a failed query, the loss of the extension. A query
-- is ours where the host's own rows say so, or else by its name. `certain` is 0 where the host was found by a name.
-- The name of a query may hold the colon that stands between it and the message: then both readings count.
WITH failed AS (
  SELECT
    coalesce(identifier_owners.host, nullif(query_failures.host, ''), machine_owners.host, query_failures.name) AS host,
    coalesce(identifier_owners.identifier, machine_owners.identifier, query_failures.identifier) AS identifier,
    coalesce(identifier_owners.name, machine_owners.name, query_failures.name) AS name,
    query_failures.query,
    query_failures.message,
    query_failures.time,
    CASE
      WHEN machine_owners.host IS NULL AND coalesce(identifier_owners.host, query_failures.host) = query_failures.host THEN 1
      ELSE 0
    END AS certain
  FROM query_failures
  LEFT JOIN identifier_owners
    ON identifier_owners.logged_host = query_failures.host AND query_failures.host = query_failures.identifier
  LEFT JOIN machine_owners
    ON
      query_failures.host = ''
      AND machine_owners.machine = query_failures.name
      AND machine_owners.folder = query_failures.folder
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
