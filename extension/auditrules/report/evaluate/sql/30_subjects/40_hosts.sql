-- The hosts of the report: those of the logs, and those that are only in the inventory.
WITH newest AS (
  SELECT
    key, identifier, name, identified_by,
    row_number() OVER (PARTITION BY key ORDER BY last_time DESC NULLS LAST, name DESC, identifier DESC) AS place,
    min(first_time) OVER (PARTITION BY key) AS first_time,
    max(last_time) OVER (PARTITION BY key) AS last_time
  FROM host_names
),
host_texts AS (
  SELECT key, alias, max(is_whole) AS is_whole
  FROM (
    SELECT key, lower(key) AS alias, 1 AS is_whole, first_time FROM host_names
    UNION ALL
    SELECT key, lower(host) AS alias, 1 AS is_whole, first_time FROM host_names
    UNION ALL
    SELECT key, lower(name) AS alias, 1 AS is_whole, first_time FROM host_names
    UNION ALL
    SELECT key, split_part(lower(name), '.', 1) AS alias, 0 AS is_whole, first_time FROM host_names
    UNION ALL
    SELECT key, lower(identifier) AS alias, 1 AS is_whole, first_time FROM host_names
  ) AS each_text
  CROSS JOIN parameters
  WHERE alias <> '' AND (first_time IS NULL OR first_time <= parameters.horizon)
  GROUP BY key, alias
),
-- A name with a domain is that of a host without one, where it is the only one that begins so.
without_domain AS (
  SELECT split_part(lower(alias), '.', 1) AS alias, min(host) AS host
  FROM inventory
  GROUP BY split_part(lower(alias), '.', 1)
  HAVING count(DISTINCT host) = 1
),
matched AS (
  SELECT inventory.host, inventory.group_value, host_texts.key
  FROM inventory
  JOIN host_texts ON host_texts.alias = lower(inventory.alias)
  UNION
  SELECT inventory.host, inventory.group_value, host_texts.key
  FROM inventory
  JOIN without_domain
    ON without_domain.host = inventory.host AND without_domain.alias = split_part(lower(inventory.alias), '.', 1)
  JOIN host_texts ON host_texts.alias = without_domain.alias AND host_texts.is_whole = 1
),
expected AS (
  SELECT inventory.host, min(inventory.group_value) AS group_value, min(matched.key) AS key
  FROM inventory
  LEFT JOIN matched ON matched.host = inventory.host
  GROUP BY inventory.host
),
inventory_groups AS (
  SELECT key, min(group_value) AS group_value FROM matched WHERE group_value <> '' GROUP BY key
),
decoration_groups AS (
  SELECT key, group_value
  FROM (
    SELECT
      coalesce(host_aliases.key, decorations.host) AS key,
      decorations.value AS group_value,
      row_number() OVER (
        PARTITION BY coalesce(host_aliases.key, decorations.host) ORDER BY decorations.last_time DESC, decorations.value
      ) AS place
    FROM decorations
    CROSS JOIN parameters
    LEFT JOIN host_aliases ON host_aliases.host = decorations.host
      AND host_aliases.identifier IS NOT DISTINCT FROM decorations.identifier
      AND host_aliases.name IS NOT DISTINCT FROM decorations.name
    WHERE parameters.grouped_by <> '' AND decorations.decoration = parameters.grouped_by
  ) AS ranked
  WHERE place = 1
),
every_host AS (
  SELECT
    newest.key,
    newest.name,
    newest.first_time,
    newest.last_time,
    coalesce(inventory_groups.group_value, decoration_groups.group_value, '') AS group_value,
    0 AS missing,
    newest.identified_by
  FROM newest
  LEFT JOIN inventory_groups ON inventory_groups.key = newest.key
  LEFT JOIN decoration_groups ON decoration_groups.key = newest.key
  WHERE newest.place = 1
  UNION ALL
  SELECT
    host AS key, host AS name, NULL AS first_time, NULL AS last_time, group_value, 1 AS missing,
    'inventory' AS identified_by
  FROM expected
  WHERE key IS NULL
)
SELECT
  every_host.key, every_host.name, every_host.first_time, every_host.last_time, every_host.group_value, every_host.missing,
  every_host.identified_by
FROM every_host
CROSS JOIN parameters
WHERE
  (every_host.first_time IS NULL OR every_host.first_time <= parameters.horizon)
  AND (parameters.all_hosts = 1 OR every_host.key IN (SELECT key FROM selected_hosts))
