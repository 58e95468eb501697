-- How many hosts have which status of each control, each host with its worst target.
SELECT
  benchmark,
  version,
  control,
  sum(CASE WHEN status_rank = status_rank('pass') THEN 1 ELSE 0 END) AS passed,
  sum(CASE WHEN status_rank = status_rank('fail') THEN 1 ELSE 0 END) AS failed,
  sum(CASE WHEN status_rank = status_rank('unknown') THEN 1 ELSE 0 END) AS unknown,
  sum(CASE WHEN status_rank = status_rank('not_applicable') THEN 1 ELSE 0 END) AS not_applicable,
  sum(CASE WHEN status_rank <= status_rank('unknown') THEN waived ELSE 0 END) AS waived
FROM worst_verdicts
GROUP BY benchmark, version, control
ORDER BY benchmark, version, control
