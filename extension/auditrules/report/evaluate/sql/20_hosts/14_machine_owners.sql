-- Whose a status log is: of the host that the machine in its header names, or the folder that it lies in. Where several
-- hosts have that name it counts for each of them, as nobody knows whose it is; a name of too many hosts is a host of its own.
WITH machines AS (
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
)
SELECT DISTINCT ranked.machine, ranked.folder, ranked.host, ranked.identifier, ranked.name
FROM ranked
JOIN best ON best.machine = ranked.machine AND best.folder = ranked.folder AND best.place = ranked.place
