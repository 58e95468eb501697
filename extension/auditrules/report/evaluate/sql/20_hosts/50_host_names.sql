-- The hosts of the logs by their key in the report, with every name they had, and by what they are told apart.
SELECT
  coalesce(host_aliases.key, host_sightings.host) AS key,
  host_sightings.host,
  host_sightings.identifier,
  host_sightings.name,
  host_sightings.first_time,
  host_sightings.last_time,
  coalesce(host_aliases.rule, '') AS rule,
  concat(
    CASE
      WHEN coalesce(host_sightings.identifier, '') = '' THEN 'name'
      WHEN host_sightings.host = host_sightings.identifier AND coalesce(host_aliases.rule, '') = ''
        AND host_aliases.key IS NOT NULL
        THEN 'host_uuid'
      WHEN host_sightings.host = host_sightings.identifier THEN 'host identifier'
      ELSE 'host_uuid'
    END,
    CASE coalesce(host_aliases.rule, '')
      WHEN 'identifier' THEN ' and host identifier'
      WHEN 'name' THEN ' and name'
      WHEN 'identifier and name' THEN ', host identifier and name'
      ELSE ''
    END
  ) AS identified_by
FROM host_sightings
LEFT JOIN host_aliases ON host_aliases.host = host_sightings.host
      AND host_aliases.identifier IS NOT DISTINCT FROM host_sightings.identifier
      AND host_aliases.name IS NOT DISTINCT FROM host_sightings.name
