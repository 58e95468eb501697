-- The hosts of the logs by their key in the report, with every name they had.
SELECT
  coalesce(host_aliases.key, host_sightings.host) AS key,
  host_sightings.host,
  host_sightings.identifier,
  host_sightings.name,
  host_sightings.first_time,
  host_sightings.last_time,
  coalesce(host_aliases.rule, '') AS rule
FROM host_sightings
LEFT JOIN host_aliases ON host_aliases.host = host_sightings.host
      AND host_aliases.identifier IS NOT DISTINCT FROM host_sightings.identifier
      AND host_aliases.name IS NOT DISTINCT FROM host_sightings.name
