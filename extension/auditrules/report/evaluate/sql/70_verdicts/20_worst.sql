-- Each host and control once, with its worst target: 0 fail, 1 unknown, 2 pass, 3 not applicable.
SELECT
  subject, key, benchmark, version, control,
  min(CASE status WHEN 'fail' THEN 0 WHEN 'unknown' THEN 1 WHEN 'pass' THEN 2 ELSE 3 END) AS worst,
  max(waived) AS waived
FROM judged
GROUP BY subject, key, benchmark, version, control
