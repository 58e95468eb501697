-- The observations, each with the two digests of its series. No series has digests that are unclear.
SELECT
  host_digest, target_digest, query, status, reason, evidence, next_boot, action, time, row_digest, order_key,
  continues
FROM ordered_observations
WHERE host_digest <> 0
UNION ALL
SELECT
  observation_series.host_digest,
  observation_series.target_digest,
  ordered_observations.query,
  ordered_observations.status,
  ordered_observations.reason,
  ordered_observations.evidence,
  ordered_observations.next_boot,
  ordered_observations.action,
  ordered_observations.time,
  ordered_observations.row_digest,
  ordered_observations.order_key,
  ordered_observations.continues
FROM ordered_observations
JOIN observation_series
  ON
    observation_series.logged_host_digest IS NOT DISTINCT FROM ordered_observations.host_digest
    AND observation_series.logged_target_digest IS NOT DISTINCT FROM ordered_observations.target_digest
    AND observation_series.host = ordered_observations.host
    AND observation_series.identifier IS NOT DISTINCT FROM ordered_observations.identifier
    AND observation_series.name IS NOT DISTINCT FROM ordered_observations.name
    AND observation_series.benchmark = ordered_observations.benchmark
    AND observation_series.version = ordered_observations.version
    AND observation_series.control = ordered_observations.control
    AND observation_series.target = ordered_observations.target
WHERE observation_series.host_digest = 0
