-- The hosts that were heard of, with every name they had.
SELECT
  coalesce(aliases.key, heard.host) AS key,
  heard.host,
  heard.identifier,
  heard.name,
  heard.first_time,
  heard.last_time
FROM heard
LEFT JOIN aliases ON aliases.host = heard.host AND aliases.name = heard.name
