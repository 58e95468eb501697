-- Each host with its worst word and what its state rests on. A host of no control at all is unknown.
SELECT
  hosts.key,
  hosts.name,
  hosts.label,
  hosts.missing,
  hosts.last_time,
  coalesce(min(CASE judged.status WHEN 'fail' THEN 0 WHEN 'unknown' THEN 1 WHEN 'pass' THEN 2 WHEN 'not_applicable' THEN 3 END), 1) AS worst,
  sum(CASE WHEN judged.given IN ('query_failed', 'extension_missing') THEN 1 ELSE 0 END) AS failing,
  sum(CASE WHEN judged.given IN ('stale', 'clock_wrong') THEN 1 ELSE 0 END) AS stale,
  sum(CASE WHEN judged.given IN ('no_rows', 'gone') THEN 1 ELSE 0 END) AS silent,
  count(judged.subject) AS number,
  min(CASE WHEN judged.status IN ('fail', 'unknown') THEN judged.waived ELSE 1 END) AS waived
FROM hosts
LEFT JOIN judged ON judged.key = hosts.key
GROUP BY hosts.key, hosts.name, hosts.label, hosts.missing, hosts.last_time
ORDER BY hosts.key
