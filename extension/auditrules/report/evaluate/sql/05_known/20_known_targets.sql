-- The targets of controls by their digests, where a digest is that of exactly one.
SELECT
  target_digest,
  min(benchmark) AS benchmark,
  min(version) AS version,
  min(control) AS control,
  min(target) AS target
FROM (SELECT DISTINCT target_digest, benchmark, version, control, target FROM query_targets) AS each_target
GROUP BY target_digest
HAVING count(*) = 1
