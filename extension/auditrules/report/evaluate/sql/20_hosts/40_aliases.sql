-- Where a line's own key is not the report's. Names that take turns under one key, or that were both heard within the age
-- that is allowed, are hosts that share it, and are kept apart by name; a name with and without its domain is one. An
-- identifier without host_uuid that is the name or identifier of exactly one other host is that host, unless it is what
-- every host is called; who has a host_uuid is nobody else, whatever another host calls itself.
WITH names AS (
  SELECT host, lower(name) AS name, min(first_time) AS first_time, max(last_time) AS last_time
  FROM heard
  WHERE name <> '' AND first_time IS NOT NULL
  GROUP BY host, lower(name)
),
whole AS (
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
    coalesce(whole.name, names.name) AS name,
    names.first_time,
    names.last_time
  FROM names
  LEFT JOIN whole ON whole.host = names.host AND whole.short = names.name
),
spans AS (
  SELECT host, name, min(first_time) AS first_time, max(last_time) AS last_time
  FROM full_names
  GROUP BY host, name
),
turns AS (
  SELECT
    host,
    first_time,
    max(last_time) OVER (
      PARTITION BY host ORDER BY first_time, name ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before
  FROM spans
),
shared AS (
  SELECT host FROM turns WHERE before >= first_time
  UNION
  SELECT spans.host
  FROM spans
  CROSS JOIN parameters
  WHERE spans.first_time <= parameters.until AND spans.last_time >= parameters.until - parameters.max_age
  GROUP BY spans.host
  HAVING count(*) > 1
),
texts AS (
  SELECT host, name AS alias FROM heard
  UNION ALL
  SELECT host, identifier AS alias FROM heard
),
others AS (
  SELECT alias, min(host) AS key
  FROM texts
  WHERE alias <> '' AND alias <> host AND lower(alias) NOT IN ('localhost', 'localhost.localdomain')
  GROUP BY alias
  HAVING count(DISTINCT host) = 1
)
SELECT host, name, min(key) AS key
FROM (
  SELECT
    heard.host,
    heard.name,
    CASE
      WHEN shared.host IS NOT NULL THEN heard.host || ' (' || coalesce(full_names.name, lower(heard.name)) || ')'
      WHEN others.key IS NOT NULL AND others.key NOT IN (SELECT host FROM shared) THEN others.key
      ELSE heard.host
    END AS key
  FROM heard
  LEFT JOIN shared ON shared.host = heard.host AND heard.name <> ''
  LEFT JOIN full_names ON full_names.host = heard.host AND full_names.alias = lower(heard.name)
  LEFT JOIN others ON others.alias = heard.host AND heard.identifier = heard.host
) AS resolved
WHERE key <> host
GROUP BY host, name
