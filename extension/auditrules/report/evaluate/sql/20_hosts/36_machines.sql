-- A machine is a host, or one identifier of a host that several machines share, as clones share their host_uuid: then
-- their identifiers take turns, or were both seen within the maximum age. `machine` is that identifier, or empty. An
-- identifier with and without its domain is one.
WITH identifier_sightings AS (
  SELECT host, lower(identifier) AS text, min(first_time) AS first_time, max(last_time) AS last_time
  FROM host_sightings
  WHERE identifier <> '' AND first_time IS NOT NULL
  GROUP BY host, lower(identifier)
),
identifiers_with_domain AS (
  SELECT host, split_part(text, '.', 1) AS short, min(text) AS text
  FROM identifier_sightings
  WHERE text <> split_part(text, '.', 1)
  GROUP BY host, split_part(text, '.', 1)
  HAVING count(*) = 1
),
identifiers AS (
  SELECT
    identifier_sightings.host,
    identifier_sightings.text AS alias,
    coalesce(identifiers_with_domain.text, identifier_sightings.text) AS text,
    identifier_sightings.first_time,
    identifier_sightings.last_time
  FROM identifier_sightings
  LEFT JOIN identifiers_with_domain
    ON
      identifiers_with_domain.host = identifier_sightings.host
      AND identifiers_with_domain.short = identifier_sightings.text
),
identifier_spans AS (
  SELECT host, text, min(first_time) AS first_time, max(last_time) AS last_time
  FROM identifiers
  GROUP BY host, text
),
identifier_turns AS (
  SELECT
    host,
    first_time,
    max(last_time) OVER (
      PARTITION BY host ORDER BY first_time, text ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS earlier_end
  FROM identifier_spans
),
shared_by_identifiers AS (
  SELECT host FROM identifier_turns WHERE earlier_end >= first_time
  UNION
  SELECT identifier_spans.host
  FROM identifier_spans
  CROSS JOIN parameters
  WHERE
    identifier_spans.first_time <= parameters.until
    AND identifier_spans.last_time >= parameters.until - parameters.max_age
  GROUP BY identifier_spans.host
  HAVING count(*) > 1
)
SELECT
  host_sightings.host,
  host_sightings.identifier,
  host_sightings.name,
  lower(host_sightings.name) AS lower_name,
  CASE
    WHEN shared_by_identifiers.host IS NULL THEN ''
    ELSE coalesce(identifiers.text, lower(host_sightings.identifier), '')
  END AS machine,
  host_sightings.first_time,
  host_sightings.last_time
FROM host_sightings
LEFT JOIN shared_by_identifiers ON shared_by_identifiers.host = host_sightings.host
LEFT JOIN identifiers
  ON identifiers.host = host_sightings.host AND identifiers.alias = lower(host_sightings.identifier)
