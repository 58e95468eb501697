SELECT
  worst.benchmark,
  worst.version,
  worst.control,
  sum(CASE worst.worst WHEN 2 THEN 1 ELSE 0 END) AS passed,
  sum(CASE worst.worst WHEN 0 THEN 1 ELSE 0 END) AS failed,
  sum(CASE worst.worst WHEN 1 THEN 1 ELSE 0 END) AS unknown,
  sum(CASE worst.worst WHEN 3 THEN 1 ELSE 0 END) AS not_applicable,
  sum(CASE WHEN worst.worst <= 1 THEN worst.waived ELSE 0 END) AS waived
FROM worst
GROUP BY worst.benchmark, worst.version, worst.control
ORDER BY worst.benchmark, worst.version, worst.control
