-- Each host and control once, with the rank of its worst target.
SELECT
  subject, key, benchmark, version, control,
  min(status_rank(status)) AS status_rank,
  max(waived) AS waived
FROM verdicts
GROUP BY subject, key, benchmark, version, control
