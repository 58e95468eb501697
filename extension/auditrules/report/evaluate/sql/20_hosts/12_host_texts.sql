-- The texts by which a status log may name a host, of those that begin as the machine or the folder of one does. A text that
-- more hosts than `within_owner_limit` begin with names none.
WITH wanted AS (
  SELECT split_part(lower(name), '.', 1) AS short FROM query_failures WHERE host = '' AND name <> ''
  UNION
  SELECT split_part(lower(folder), '.', 1) AS short FROM query_failures WHERE host = '' AND folder <> ''
),
every_text AS (
  SELECT lower(name) AS alias, host, identifier, name FROM sightings
  UNION ALL
  SELECT lower(identifier) AS alias, host, identifier, name FROM sightings
  UNION ALL
  SELECT lower(host) AS alias, host, identifier, name FROM sightings
  UNION ALL
  SELECT lower(name) AS alias, host, identifier, name FROM extension_states
),
named AS (
  SELECT DISTINCT wanted.short, every_text.alias, every_text.host, every_text.identifier, every_text.name
  FROM every_text
  JOIN wanted ON wanted.short = split_part(every_text.alias, '.', 1)
  WHERE every_text.alias <> ''
),
few_hosts AS (
  SELECT short
  FROM named
  GROUP BY short
  HAVING within_owner_limit(count(DISTINCT concat(host, chr(0), coalesce(identifier, ''), chr(0), coalesce(name, ''))))
)
SELECT named.alias, named.host, named.identifier, named.name
FROM named
JOIN few_hosts ON few_hosts.short = named.short
