-- A series: all observations that one host made of one target of one control, and how many of them have an impossible
-- time. Series are told apart by two digests, which is faster than by six texts. The texts decide where a digest is not
-- that of exactly one host or target (two texts may have one digest, and tables that others wrote may have none), and
-- where a time is impossible: `host_digest` is 0 then, and `attributed_observations` gives the observations the digests
-- that are here. Of which host and target a digest is, `sightings` and `query_targets` know, so whoever else writes
-- digests into the tables has to write those, too.
WITH known_hosts AS (
  SELECT host_digest, min(host) AS host, min(identifier) AS identifier, min(name) AS name
  FROM (SELECT DISTINCT host_digest, host, identifier, name FROM sightings) AS each_host
  WHERE host_digest <> 0
  GROUP BY host_digest
  HAVING count(*) = 1
),
known_targets AS (
  SELECT
    target_digest,
    min(benchmark) AS benchmark,
    min(version) AS version,
    min(control) AS control,
    min(target) AS target
  FROM (SELECT DISTINCT target_digest, benchmark, version, control, target FROM query_targets) AS each_target
  GROUP BY target_digest
  HAVING count(*) = 1
),
unclear AS (
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
  digest_series.has_snapshot
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
      observations.host_digest, observations.target_digest, observations.host, observations.identifier, observations.name,
      observations.benchmark, observations.version, observations.control, observations.target
  ) AS target_digest,
  observations.host_digest AS logged_host_digest,
  observations.target_digest AS logged_target_digest,
  observations.host,
  observations.identifier,
  observations.name,
  observations.benchmark,
  observations.version,
  observations.control,
  observations.target,
  min(
    CASE WHEN observations.time BETWEEN parameters.earliest AND parameters.latest THEN observations.time END
  ) AS first_time,
  max(
    CASE WHEN observations.time BETWEEN parameters.earliest AND parameters.latest THEN observations.time END
  ) AS last_time,
  sum(CASE WHEN observations.time BETWEEN parameters.earliest AND parameters.latest THEN 0 ELSE 1 END) AS undated,
  min(observations.time) AS min_time,
  max(observations.time) AS max_time,
  max(CASE observations.action WHEN 'snapshot' THEN 1 ELSE 0 END) AS has_snapshot
FROM observations
CROSS JOIN parameters
JOIN unclear
  ON
    unclear.host_digest IS NOT DISTINCT FROM observations.host_digest
    AND unclear.target_digest IS NOT DISTINCT FROM observations.target_digest
WHERE observations.time <= parameters.horizon OR observations.time > parameters.latest
GROUP BY
  observations.host_digest, observations.target_digest, observations.host, observations.identifier, observations.name,
  observations.benchmark, observations.version, observations.control, observations.target
