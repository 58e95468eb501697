-- How many hosts each group has, and how many hosts and controls of it have which status.
SELECT
  hosts.group_value,
  count(DISTINCT worst_verdicts.key) AS host_count,
  sum(CASE WHEN worst_verdicts.status_rank = status_rank('pass') THEN 1 ELSE 0 END) AS passed,
  sum(CASE WHEN worst_verdicts.status_rank = status_rank('fail') THEN 1 ELSE 0 END) AS failed,
  sum(CASE WHEN worst_verdicts.status_rank = status_rank('unknown') THEN 1 ELSE 0 END) AS unknown,
  sum(CASE WHEN worst_verdicts.status_rank = status_rank('not_applicable') THEN 1 ELSE 0 END) AS not_applicable,
  sum(CASE WHEN worst_verdicts.status_rank <= status_rank('unknown') THEN worst_verdicts.waived ELSE 0 END) AS waived
FROM worst_verdicts
JOIN hosts ON hosts.key = worst_verdicts.key
GROUP BY hosts.group_value
ORDER BY hosts.group_value
