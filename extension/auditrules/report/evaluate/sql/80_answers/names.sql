-- Keys with more than one name, and names or identifiers with more than one key: who was renamed, and who shares.
WITH doubled AS (
  SELECT key FROM speakers WHERE name <> '' GROUP BY key HAVING count(DISTINCT split_part(lower(name), '.', 1)) > 1
),
claimed AS (
  SELECT identifier FROM speakers WHERE identifier <> '' GROUP BY identifier HAVING count(DISTINCT key) > 1
)
SELECT 'renamed' AS what, speakers.key, speakers.name AS text, max(speakers.last_time) AS last_time
FROM speakers
JOIN doubled ON doubled.key = speakers.key
WHERE speakers.name <> ''
GROUP BY speakers.key, speakers.name
UNION ALL
SELECT 'shared' AS what, speakers.key, speakers.identifier AS text, max(speakers.last_time) AS last_time
FROM speakers
JOIN claimed ON claimed.identifier = speakers.identifier
GROUP BY speakers.key, speakers.identifier
ORDER BY what, key, last_time, text
