-- Who said something of which target of which control, and how many of the rows say a time that cannot be. Rows are told
-- apart by two numbers, which is sooner done than by six texts. Where a number is not that of exactly one host or target
-- (a digest may be that of two, and what others wrote may have none), or a time cannot be, the texts decide: `speaker` is 0
-- then, and `attributed` gives the rows the numbers that are here. Which hosts and targets a number is of, `sightings` and
-- `controls` know, so whoever else writes numbers into the tables has to write those, too.
WITH hosts_known AS (
  SELECT speaker, min(host) AS host, min(name) AS name
  FROM (SELECT DISTINCT speaker, host, name FROM sightings) AS every
  WHERE speaker <> 0
  GROUP BY speaker
  HAVING count(*) = 1
),
targets_known AS (
  SELECT about, min(benchmark) AS benchmark, min(version) AS version, min(control) AS control, min(target) AS target
  FROM (SELECT DISTINCT about, benchmark, version, control, target FROM controls) AS every
  GROUP BY about
  HAVING count(*) = 1
),
unclear AS (
  SELECT numbered.speaker, numbered.about
  FROM numbered
  CROSS JOIN parameters
  LEFT JOIN hosts_known ON hosts_known.speaker = numbered.speaker
  LEFT JOIN targets_known ON targets_known.about = numbered.about
  WHERE
    hosts_known.host IS NULL
    OR targets_known.control IS NULL
    OR numbered.first_time < parameters.earliest
    OR numbered.last_time > parameters.latest
)
SELECT
  numbered.speaker,
  numbered.about,
  numbered.speaker AS given_speaker,
  numbered.about AS given_about,
  hosts_known.host,
  hosts_known.name,
  targets_known.benchmark,
  targets_known.version,
  targets_known.control,
  targets_known.target,
  numbered.first_time,
  numbered.last_time,
  0 AS undated,
  numbered.first_time AS least_time,
  numbered.last_time AS most_time,
  numbered.snapshot
FROM numbered
CROSS JOIN parameters
JOIN hosts_known ON hosts_known.speaker = numbered.speaker
JOIN targets_known ON targets_known.about = numbered.about
WHERE numbered.first_time >= parameters.earliest AND numbered.last_time <= parameters.latest
UNION ALL
SELECT
  0 AS speaker,
  row_number() OVER (
    ORDER BY
      verdicts.speaker, verdicts.about, verdicts.host, verdicts.name,
      verdicts.benchmark, verdicts.version, verdicts.control, verdicts.target
  ) AS about,
  verdicts.speaker AS given_speaker,
  verdicts.about AS given_about,
  verdicts.host,
  verdicts.name,
  verdicts.benchmark,
  verdicts.version,
  verdicts.control,
  verdicts.target,
  min(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN verdicts.time END) AS first_time,
  max(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN verdicts.time END) AS last_time,
  sum(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN 0 ELSE 1 END) AS undated,
  min(verdicts.time) AS least_time,
  max(verdicts.time) AS most_time,
  max(CASE verdicts.kind WHEN 'snapshot' THEN 1 ELSE 0 END) AS snapshot
FROM verdicts
CROSS JOIN parameters
JOIN unclear
  ON
    unclear.speaker IS NOT DISTINCT FROM verdicts.speaker
    AND unclear.about IS NOT DISTINCT FROM verdicts.about
WHERE verdicts.time <= parameters.horizon OR verdicts.time > parameters.latest
GROUP BY
  verdicts.speaker, verdicts.about, verdicts.host, verdicts.name,
  verdicts.benchmark, verdicts.version, verdicts.control, verdicts.target
