-- The observations from which verdicts are made. An engine that has an outline reads `outline_and_whole_series` instead.
SELECT
  host_digest, target_digest, query, status, reason, evidence, next_boot, action, time, row_digest, order_key, continues
FROM attributed_observations
