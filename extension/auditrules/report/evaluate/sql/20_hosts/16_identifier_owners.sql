-- A line of a status log that has an identifier and no host_uuid is of every host of that identifier, if they are few.
WITH few_identifiers AS (
  SELECT lower(identifier) AS identifier
  FROM sightings
  WHERE identifier <> '' AND lower(identifier) IN (SELECT lower(identifier) FROM query_failures)
  GROUP BY lower(identifier)
  HAVING within_owner_limit(count(DISTINCT host))
)
SELECT DISTINCT query_failures.host AS logged_host, sightings.host, sightings.identifier, sightings.name
FROM query_failures
JOIN few_identifiers ON few_identifiers.identifier = lower(query_failures.identifier)
JOIN sightings ON lower(sightings.identifier) = few_identifiers.identifier
WHERE query_failures.host <> '' AND query_failures.host = query_failures.identifier
