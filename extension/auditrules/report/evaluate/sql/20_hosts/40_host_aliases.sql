-- Where the host that a line names is not the report's. Names that take turns under one host, or that were both seen within
-- the maximum age, are hosts that share it, and are kept apart by name; a name with and without its domain is one. An
-- identifier without host_uuid that is the name or identifier of exactly one other host is that host, unless it is what
-- every host is called; a line with a host_uuid is nobody else's, whatever another host calls itself.
WITH names AS (
  SELECT host, lower(name) AS name, min(first_time) AS first_time, max(last_time) AS last_time
  FROM host_sightings
  WHERE name <> '' AND first_time IS NOT NULL
  GROUP BY host, lower(name)
),
with_domain AS (
  SELECT host, split_part(name, '.', 1) AS short, min(name) AS name
  FROM names
  WHERE name <> split_part(name, '.', 1)
  GROUP BY host, split_part(name, '.', 1)
  HAVING count(*) = 1
),
full_names AS (
  SELECT
    names.host,
    names.name AS alias,
    coalesce(with_domain.name, names.name) AS name,
    names.first_time,
    names.last_time
  FROM names
  LEFT JOIN with_domain ON with_domain.host = names.host AND with_domain.short = names.name
),
spans AS (
  SELECT host, name, min(first_time) AS first_time, max(last_time) AS last_time
  FROM full_names
  GROUP BY host, name
),
earlier_spans AS (
  SELECT
    host,
    first_time,
    max(last_time) OVER (
      PARTITION BY host ORDER BY first_time, name ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS earlier_end
  FROM spans
),
shared AS (
  SELECT host FROM earlier_spans WHERE earlier_end >= first_time
  UNION
  SELECT spans.host
  FROM spans
  CROSS JOIN parameters
  WHERE spans.first_time <= parameters.until AND spans.last_time >= parameters.until - parameters.max_age
  GROUP BY spans.host
  HAVING count(*) > 1
),
host_texts AS (
  SELECT host, name AS alias FROM host_sightings
  UNION ALL
  SELECT host, identifier AS alias FROM host_sightings
),
others AS (
  SELECT alias, min(host) AS key
  FROM host_texts
  WHERE alias <> '' AND alias <> host AND lower(alias) NOT IN ('localhost', 'localhost.localdomain')
  GROUP BY alias
  HAVING count(DISTINCT host) = 1
)
SELECT host, name, min(key) AS key
FROM (
  SELECT
    host_sightings.host,
    host_sightings.name,
    CASE
      WHEN shared.host IS NOT NULL
        THEN host_sightings.host || ' (' || coalesce(full_names.name, lower(host_sightings.name)) || ')'
      WHEN others.key IS NOT NULL AND others.key NOT IN (SELECT host FROM shared) THEN others.key
      ELSE host_sightings.host
    END AS key
  FROM host_sightings
  LEFT JOIN shared ON shared.host = host_sightings.host AND host_sightings.name <> ''
  LEFT JOIN full_names ON full_names.host = host_sightings.host AND full_names.alias = lower(host_sightings.name)
  LEFT JOIN others ON others.alias = host_sightings.host AND host_sightings.identifier = host_sightings.host
) AS resolved
WHERE key <> host
GROUP BY host, name
