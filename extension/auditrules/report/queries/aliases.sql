-- Where a line's own key is not the report's. Names that take turns under one key are hosts that share it, and are kept
-- apart by name. An identifier without host_uuid that is the name or identifier of exactly one other host is that host;
-- who has a host_uuid is nobody else, whatever another host calls itself.
WITH names AS (
  SELECT host, split_part(lower(name), '.', 1) AS short, min(first_time) AS first_time, max(last_time) AS last_time
  FROM heard
  WHERE name <> '' AND first_time IS NOT NULL
  GROUP BY host, split_part(lower(name), '.', 1)
),
turns AS (
  SELECT
    host,
    first_time,
    max(last_time) OVER (
      PARTITION BY host ORDER BY first_time, short ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before
  FROM names
),
shared AS (
  SELECT DISTINCT host FROM turns WHERE before > first_time
),
texts AS (
  SELECT host, name AS alias FROM heard
  UNION ALL
  SELECT host, identifier AS alias FROM heard
),
others AS (
  SELECT alias, min(host) AS key
  FROM texts
  WHERE alias <> '' AND alias <> host
  GROUP BY alias
  HAVING count(DISTINCT host) = 1
)
SELECT host, name, min(key) AS key
FROM (
  SELECT
    heard.host,
    heard.name,
    CASE
      WHEN shared.host IS NOT NULL THEN heard.host || ' (' || split_part(lower(heard.name), '.', 1) || ')'
      WHEN others.key IS NOT NULL AND others.key NOT IN (SELECT host FROM shared) THEN others.key
      ELSE heard.host
    END AS key
  FROM heard
  LEFT JOIN shared ON shared.host = heard.host AND heard.name <> ''
  LEFT JOIN others ON others.alias = heard.host AND heard.identifier = heard.host
) AS resolved
WHERE key <> host
GROUP BY host, name
