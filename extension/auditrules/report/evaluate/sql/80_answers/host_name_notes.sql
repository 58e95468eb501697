-- What is odd about names: hosts that were renamed, that share an identifier or a host_uuid, and that are called the same.
-- `rule` says what tells those apart that share one.
WITH renamed AS (
  SELECT key FROM host_names WHERE name <> '' GROUP BY key HAVING count(DISTINCT split_part(lower(name), '.', 1)) > 1
),
shared_identifiers AS (
  SELECT identifier FROM host_names WHERE identifier <> '' GROUP BY identifier HAVING count(DISTINCT key) > 1
),
shared_hosts AS (
  SELECT host FROM host_names WHERE rule IN ('identifier', 'identifier and name') GROUP BY host
),
same_names AS (
  SELECT lower(name) AS name
  FROM host_names
  WHERE name <> '' AND lower(name) NOT IN (SELECT lower(identifier) FROM shared_identifiers)
  GROUP BY lower(name)
  HAVING count(DISTINCT key) > 1
)
SELECT 'renamed' AS note, host_names.key, host_names.name AS text, '' AS rule, max(host_names.last_time) AS last_time
FROM host_names
JOIN renamed ON renamed.key = host_names.key
WHERE host_names.name <> ''
GROUP BY host_names.key, host_names.name
UNION ALL
SELECT
  'shared_identifier' AS note,
  host_names.key,
  host_names.identifier AS text,
  '' AS rule,
  max(host_names.last_time) AS last_time
FROM host_names
JOIN shared_identifiers ON shared_identifiers.identifier = host_names.identifier
GROUP BY host_names.key, host_names.identifier
UNION ALL
SELECT
  'shared_host_uuid' AS note,
  host_names.key,
  host_names.host AS text,
  max(host_names.rule) AS rule,
  max(host_names.last_time) AS last_time
FROM host_names
JOIN shared_hosts ON shared_hosts.host = host_names.host
GROUP BY host_names.key, host_names.host
UNION ALL
SELECT
  'same_name' AS note,
  host_names.key,
  same_names.name AS text,
  '' AS rule,
  max(host_names.last_time) AS last_time
FROM host_names
JOIN same_names ON same_names.name = lower(host_names.name)
GROUP BY host_names.key, same_names.name
ORDER BY note, key, last_time, text
