-- Every host of the report: who was heard of, and who is only in the inventory.
WITH newest AS (
  SELECT
    key, identifier, name,
    row_number() OVER (PARTITION BY key ORDER BY last_time DESC NULLS LAST, name DESC, identifier DESC) AS place,
    min(first_time) OVER (PARTITION BY key) AS first_time,
    max(last_time) OVER (PARTITION BY key) AS last_time
  FROM speakers
),
texts AS (
  SELECT key, alias, max(plain) AS plain
  FROM (
    SELECT key, lower(key) AS alias, 1 AS plain, first_time FROM speakers
    UNION ALL
    SELECT key, lower(host) AS alias, 1 AS plain, first_time FROM speakers
    UNION ALL
    SELECT key, lower(name) AS alias, 1 AS plain, first_time FROM speakers
    UNION ALL
    SELECT key, split_part(lower(name), '.', 1) AS alias, 0 AS plain, first_time FROM speakers
    UNION ALL
    SELECT key, lower(identifier) AS alias, 1 AS plain, first_time FROM speakers
  ) AS every
  CROSS JOIN parameters
  WHERE alias <> '' AND (first_time IS NULL OR first_time <= parameters.horizon)
  GROUP BY key, alias
),
-- A name with a domain is that of a host without one, where it is the only one that begins so.
bare AS (
  SELECT split_part(lower(alias), '.', 1) AS alias, min(host) AS host
  FROM inventory
  GROUP BY split_part(lower(alias), '.', 1)
  HAVING count(DISTINCT host) = 1
),
matched AS (
  SELECT inventory.host, inventory.label, texts.key
  FROM inventory
  JOIN texts ON texts.alias = lower(inventory.alias)
  UNION
  SELECT inventory.host, inventory.label, texts.key
  FROM inventory
  JOIN bare ON bare.host = inventory.host AND bare.alias = split_part(lower(inventory.alias), '.', 1)
  JOIN texts ON texts.alias = bare.alias AND texts.plain = 1
),
listed AS (
  SELECT inventory.host, min(inventory.label) AS label, min(matched.key) AS key
  FROM inventory
  LEFT JOIN matched ON matched.host = inventory.host
  GROUP BY inventory.host
),
owned AS (
  SELECT key, min(label) AS label FROM matched WHERE label <> '' GROUP BY key
),
decorated AS (
  SELECT key, value
  FROM (
    SELECT
      coalesce(aliases.key, labels.host) AS key,
      labels.value,
      row_number() OVER (
        PARTITION BY coalesce(aliases.key, labels.host) ORDER BY labels.last_time DESC, labels.value
      ) AS place
    FROM labels
    CROSS JOIN parameters
    LEFT JOIN aliases ON aliases.host = labels.host AND aliases.name = labels.name
    WHERE parameters.grouped_by <> '' AND labels.label = parameters.grouped_by
  ) AS ranked
  WHERE place = 1
),
every AS (
  SELECT
    newest.key,
    newest.name,
    newest.first_time,
    newest.last_time,
    coalesce(owned.label, decorated.value, '') AS label,
    0 AS missing
  FROM newest
  LEFT JOIN owned ON owned.key = newest.key
  LEFT JOIN decorated ON decorated.key = newest.key
  WHERE newest.place = 1
  UNION ALL
  SELECT host AS key, host AS name, NULL AS first_time, NULL AS last_time, label, 1 AS missing
  FROM listed
  WHERE key IS NULL
)
SELECT every.key, every.name, every.first_time, every.last_time, every.label, every.missing
FROM every
CROSS JOIN parameters
WHERE
  (every.first_time IS NULL OR every.first_time <= parameters.horizon)
  AND (parameters.any_host = 1 OR every.key IN (SELECT key FROM wanted_hosts))
