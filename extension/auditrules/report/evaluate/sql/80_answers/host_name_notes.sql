-- Hosts with more than one name, and identifiers of more than one host: who was renamed, and who shares.
WITH renamed AS (
  SELECT key FROM host_names WHERE name <> '' GROUP BY key HAVING count(DISTINCT split_part(lower(name), '.', 1)) > 1
),
shared AS (
  SELECT identifier FROM host_names WHERE identifier <> '' GROUP BY identifier HAVING count(DISTINCT key) > 1
)
SELECT 'renamed' AS note, host_names.key, host_names.name AS text, max(host_names.last_time) AS last_time
FROM host_names
JOIN renamed ON renamed.key = host_names.key
WHERE host_names.name <> ''
GROUP BY host_names.key, host_names.name
UNION ALL
SELECT 'shared' AS note, host_names.key, host_names.identifier AS text, max(host_names.last_time) AS last_time
FROM host_names
JOIN shared ON shared.identifier = host_names.identifier
GROUP BY host_names.key, host_names.identifier
ORDER BY note, key, last_time, text
