-- Where the host that a line names is not one host of the report.
-- Several hosts may share what should be one host's, as clones of a machine share its host_uuid: their identifiers, or their
-- names, take turns, or were both seen within the maximum age. Then they are kept apart by the host identifier where that
-- differs, and by name where the identifier is the same. A name with and without its domain is one.
-- A name makes nobody another host: lines without host_uuid are of the identifier that they give, whoever else is called so.
-- Only where a host_uuid and a bare identifier follow on each other, in lines of one identifier that is nobody else's, and
-- were not both seen within the maximum age, are they one host, which got or lost its decorations.
WITH name_sightings AS (
  SELECT host, machine, lower_name AS text, min(first_time) AS first_time, max(last_time) AS last_time
  FROM machines
  WHERE lower_name <> '' AND first_time IS NOT NULL
  GROUP BY host, machine, lower_name
),
names_with_domain AS (
  SELECT host, machine, split_part(text, '.', 1) AS short, min(text) AS text
  FROM name_sightings
  WHERE text <> split_part(text, '.', 1)
  GROUP BY host, machine, split_part(text, '.', 1)
  HAVING count(*) = 1
),
names AS (
  SELECT
    name_sightings.host,
    name_sightings.machine,
    name_sightings.text AS alias,
    coalesce(names_with_domain.text, name_sightings.text) AS text,
    name_sightings.first_time,
    name_sightings.last_time
  FROM name_sightings
  LEFT JOIN names_with_domain
    ON
      names_with_domain.host = name_sightings.host
      AND names_with_domain.machine = name_sightings.machine
      AND names_with_domain.short = name_sightings.text
),
name_spans AS (
  SELECT host, machine, text, min(first_time) AS first_time, max(last_time) AS last_time
  FROM names
  GROUP BY host, machine, text
),
name_turns AS (
  SELECT
    host,
    machine,
    first_time,
    max(last_time) OVER (
      PARTITION BY host, machine ORDER BY first_time, text ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS earlier_end
  FROM name_spans
),
shared_by_names AS (
  SELECT host, machine FROM name_turns WHERE earlier_end >= first_time
  UNION
  SELECT name_spans.host, name_spans.machine
  FROM name_spans
  CROSS JOIN parameters
  WHERE name_spans.first_time <= parameters.until AND name_spans.last_time >= parameters.until - parameters.max_age
  GROUP BY name_spans.host, name_spans.machine
  HAVING count(*) > 1
),
told_apart AS (
  SELECT
    machines.host,
    machines.identifier,
    machines.name,
    machines.machine,
    CASE
      WHEN shared_by_names.host IS NULL OR machines.lower_name = '' THEN ''
      ELSE coalesce(names.text, machines.lower_name)
    END AS own_name
  FROM machines
  LEFT JOIN shared_by_names ON shared_by_names.host = machines.host AND shared_by_names.machine = machines.machine
  LEFT JOIN names
    ON
      names.host = machines.host
      AND names.machine = machines.machine
      AND names.alias = machines.lower_name
),
shared AS (
  SELECT host FROM machines WHERE machine <> ''
  UNION
  SELECT host FROM shared_by_names
),
by_identifier AS (
  SELECT
    host, identifier,
    CASE WHEN host = identifier THEN 1 ELSE 0 END AS is_bare,
    min(first_time) AS first_time,
    max(last_time) AS last_time
  FROM host_sightings
  WHERE identifier <> '' AND first_time IS NOT NULL
  GROUP BY host, identifier
),
followed AS (
  SELECT
    identifier,
    max(CASE WHEN is_bare = 0 THEN host END) AS key,
    max(CASE WHEN is_bare = 0 THEN first_time END) AS first_time,
    max(CASE WHEN is_bare = 0 THEN last_time END) AS last_time,
    max(CASE WHEN is_bare = 1 THEN first_time END) AS bare_first_time,
    max(CASE WHEN is_bare = 1 THEN last_time END) AS bare_last_time
  FROM by_identifier
  GROUP BY identifier
  HAVING sum(is_bare) = 1 AND count(*) = 2
),
successions AS (
  SELECT followed.identifier, followed.key
  FROM followed
  CROSS JOIN parameters
  WHERE
    (followed.bare_last_time < followed.first_time OR followed.bare_first_time > followed.last_time)
    AND least(followed.bare_last_time, followed.last_time) < parameters.until - parameters.max_age
    AND lower(followed.identifier) NOT IN ('localhost', 'localhost.localdomain')
)
SELECT host, identifier, name, min(key) AS key, min(rule) AS rule
FROM (
  SELECT
    told_apart.host,
    told_apart.identifier,
    told_apart.name,
    CASE
      WHEN told_apart.machine <> '' AND told_apart.own_name <> ''
        THEN told_apart.host || ' (' || told_apart.machine || ', ' || told_apart.own_name || ')'
      WHEN told_apart.machine <> '' OR told_apart.own_name <> ''
        THEN told_apart.host || ' (' || told_apart.machine || told_apart.own_name || ')'
      WHEN successions.key IS NOT NULL AND successions.key NOT IN (SELECT host FROM shared) THEN successions.key
      ELSE told_apart.host
    END AS key,
    CASE
      WHEN told_apart.machine <> '' AND told_apart.own_name <> '' THEN 'identifier and name'
      WHEN told_apart.machine <> '' THEN 'identifier'
      WHEN told_apart.own_name <> '' THEN 'name'
      ELSE ''
    END AS rule
  FROM told_apart
  LEFT JOIN successions
    ON successions.identifier = told_apart.host AND told_apart.identifier = told_apart.host
) AS resolved
WHERE key <> host
GROUP BY host, identifier, name
