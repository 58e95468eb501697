-- What is said under each two numbers, one of a host and one of a control's target: from when to when, and whether any row
-- is of a snapshot.
SELECT
  verdicts.speaker,
  verdicts.about,
  min(verdicts.time) AS first_time,
  max(verdicts.time) AS last_time,
  max(CASE verdicts.kind WHEN 'snapshot' THEN 1 ELSE 0 END) AS snapshot
FROM verdicts
CROSS JOIN parameters
WHERE verdicts.time <= parameters.horizon OR verdicts.time > parameters.latest
GROUP BY verdicts.speaker, verdicts.about
