-- A series: all observations that one host made of one target of one control, and how many of them have an impossible
-- time. Series are told apart by two digests, which is faster than by six texts. The texts decide where a digest is not
-- that of exactly one host or target (two texts may have one digest, and tables that others wrote may have none), and
-- where a time is impossible: `host_digest` is 0 then, and `attributed_observations` gives the observations the digests
-- that are here. Of which host and target a digest is, `sightings` and `query_targets` know, so whoever else writes
-- digests into the tables has to write those, too.
WITH unclear AS (
  SELECT digest_series.host_digest, digest_series.target_digest
  FROM digest_series
  CROSS JOIN parameters
  LEFT JOIN known_hosts ON known_hosts.host_digest = digest_series.host_digest
  LEFT JOIN known_targets ON known_targets.target_digest = digest_series.target_digest
  WHERE
    known_hosts.host IS NULL
    OR known_targets.control IS NULL
    OR digest_series.first_time < parameters.earliest
    OR digest_series.last_time > parameters.latest
)
SELECT
  digest_series.host_digest,
  digest_series.target_digest,
  digest_series.host_digest AS logged_host_digest,
  digest_series.target_digest AS logged_target_digest,
  known_hosts.host,
  known_hosts.identifier,
  known_hosts.name,
  known_targets.benchmark,
  known_targets.version,
  known_targets.control,
  known_targets.target,
  digest_series.first_time,
  digest_series.last_time,
  0 AS undated,
  digest_series.first_time AS min_time,
  digest_series.last_time AS max_time,
  digest_series.has_snapshot,
  digest_series.is_outlined
FROM digest_series
CROSS JOIN parameters
JOIN known_hosts ON known_hosts.host_digest = digest_series.host_digest
JOIN known_targets ON known_targets.target_digest = digest_series.target_digest
WHERE digest_series.first_time >= parameters.earliest AND digest_series.last_time <= parameters.latest
UNION ALL
SELECT
  0 AS host_digest,
  row_number() OVER (
    ORDER BY
      outlined.host_digest, outlined.target_digest, outlined.host, outlined.identifier, outlined.name,
      outlined.benchmark, outlined.version, outlined.control, outlined.target
  ) AS target_digest,
  outlined.host_digest AS logged_host_digest,
  outlined.target_digest AS logged_target_digest,
  outlined.host,
  outlined.identifier,
  outlined.name,
  outlined.benchmark,
  outlined.version,
  outlined.control,
  outlined.target,
  min(
    CASE WHEN outlined.time BETWEEN parameters.earliest AND parameters.latest THEN outlined.time END
  ) AS first_time,
  max(
    CASE WHEN outlined.time BETWEEN parameters.earliest AND parameters.latest THEN outlined.time END
  ) AS last_time,
  sum(CASE WHEN outlined.time BETWEEN parameters.earliest AND parameters.latest THEN 0 ELSE 1 END) AS undated,
  min(outlined.time) AS min_time,
  max(outlined.time) AS max_time,
  max(CASE outlined.action WHEN 'snapshot' THEN 1 ELSE 0 END) AS has_snapshot,
  0 AS is_outlined  -- where a time is impossible, nothing was left out
FROM outlined
CROSS JOIN parameters
JOIN unclear
  ON
    unclear.host_digest IS NOT DISTINCT FROM outlined.host_digest
    AND unclear.target_digest IS NOT DISTINCT FROM outlined.target_digest
WHERE outlined.time <= parameters.horizon OR outlined.time > parameters.latest
GROUP BY
  outlined.host_digest, outlined.target_digest, outlined.host, outlined.identifier, outlined.name,
  outlined.benchmark, outlined.version, outlined.control, outlined.target
