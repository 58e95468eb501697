-- The texts by which a status log may name a host. A text that more hosts than `within_owner_limit` begin with names none.
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
)
SELECT every_text.alias, every_text.host, every_text.identifier, every_text.name
FROM every_text
JOIN few_hosts ON few_hosts.short = split_part(every_text.alias, '.', 1)
