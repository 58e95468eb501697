-- What is judged, for the report.
SELECT
  key, benchmark, version, control, target, status, logged, given, reason, evidence, next_boot, since, seen,
  failed_query, message
FROM judged
