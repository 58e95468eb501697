SELECT
  hosts.label,
  count(DISTINCT worst.key) AS hosts,
  sum(CASE worst.worst WHEN 2 THEN 1 ELSE 0 END) AS passed,
  sum(CASE worst.worst WHEN 0 THEN 1 ELSE 0 END) AS failed,
  sum(CASE worst.worst WHEN 1 THEN 1 ELSE 0 END) AS unknown,
  sum(CASE worst.worst WHEN 3 THEN 1 ELSE 0 END) AS not_applicable,
  sum(CASE WHEN worst.worst <= 1 THEN worst.waived ELSE 0 END) AS waived
FROM worst
JOIN hosts ON hosts.key = worst.key
GROUP BY hosts.label
ORDER BY hosts.label
