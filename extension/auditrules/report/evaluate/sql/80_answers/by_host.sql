-- Each host with the rank of its worst verdict, and what its state rests on. A host without any control is unknown.
SELECT
  hosts.key,
  hosts.name,
  hosts.group_value,
  hosts.missing,
  hosts.last_time,
  coalesce(min(status_rank(verdicts.status)), status_rank('unknown')) AS status_rank,
  sum(CASE WHEN verdicts.override_reason IN ('query_failed', 'extension_missing') THEN 1 ELSE 0 END) AS failing,
  sum(CASE WHEN verdicts.override_reason IN ('stale', 'clock_wrong') THEN 1 ELSE 0 END) AS stale,
  sum(CASE WHEN verdicts.override_reason IN ('no_rows', 'gone') THEN 1 ELSE 0 END) AS without_rows,
  count(verdicts.subject) AS verdict_count,
  min(CASE WHEN verdicts.status IN ('fail', 'unknown') THEN verdicts.waived ELSE 1 END) AS waived,
  hosts.identified_by
FROM hosts
LEFT JOIN verdicts ON verdicts.key = hosts.key
GROUP BY hosts.key, hosts.name, hosts.group_value, hosts.missing, hosts.last_time, hosts.identified_by
ORDER BY hosts.key
