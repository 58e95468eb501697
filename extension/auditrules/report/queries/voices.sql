-- Who said something of which control, and how many of the rows say a time that cannot be. Rows are told apart by two
-- numbers, which is sooner done than by five texts. Where a number is not that of exactly one host or control (a digest
-- may be that of two, and what others wrote may have none), `clear` is 0, and the texts decide. Which hosts and controls a
-- number is of, `sightings` and `controls` know, so whoever else writes numbers into the tables has to write those, too.
WITH numbered AS (
  SELECT
    verdicts.speaker,
    verdicts.about,
    min(verdicts.target) AS least_target,
    max(verdicts.target) AS most_target,
    max(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN verdicts.time END) AS last_time,
    sum(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN 0 ELSE 1 END) AS undated
  FROM verdicts
  CROSS JOIN parameters
  WHERE verdicts.time <= parameters.horizon OR verdicts.time > parameters.latest
  GROUP BY verdicts.speaker, verdicts.about
),
hosts_known AS (
  SELECT speaker, min(host) AS host, min(name) AS name
  FROM (SELECT DISTINCT speaker, host, name FROM sightings) AS every
  GROUP BY speaker
  HAVING count(*) = 1
),
controls_known AS (
  SELECT about, min(benchmark) AS benchmark, min(version) AS version, min(control) AS control
  FROM (SELECT DISTINCT about, benchmark, version, control FROM controls) AS every
  GROUP BY about
  HAVING count(*) = 1
),
unclear AS (
  SELECT numbered.speaker, numbered.about
  FROM numbered
  LEFT JOIN hosts_known ON hosts_known.speaker = numbered.speaker
  LEFT JOIN controls_known ON controls_known.about = numbered.about
  WHERE hosts_known.host IS NULL OR controls_known.control IS NULL
)
SELECT
  1 AS clear,
  numbered.speaker,
  numbered.about,
  hosts_known.host,
  hosts_known.name,
  controls_known.benchmark,
  controls_known.version,
  controls_known.control,
  numbered.least_target,
  numbered.most_target,
  numbered.last_time,
  numbered.undated
FROM numbered
JOIN hosts_known ON hosts_known.speaker = numbered.speaker
JOIN controls_known ON controls_known.about = numbered.about
UNION ALL
SELECT
  0 AS clear,
  verdicts.speaker,
  verdicts.about,
  verdicts.host,
  verdicts.name,
  verdicts.benchmark,
  verdicts.version,
  verdicts.control,
  min(verdicts.target) AS least_target,
  max(verdicts.target) AS most_target,
  max(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN verdicts.time END) AS last_time,
  sum(CASE WHEN verdicts.time BETWEEN parameters.earliest AND parameters.latest THEN 0 ELSE 1 END) AS undated
FROM verdicts
CROSS JOIN parameters
JOIN unclear
  ON
    unclear.speaker IS NOT DISTINCT FROM verdicts.speaker
    AND unclear.about IS NOT DISTINCT FROM verdicts.about
WHERE verdicts.time <= parameters.horizon OR verdicts.time > parameters.latest
GROUP BY
  verdicts.speaker, verdicts.about, verdicts.host, verdicts.name,
  verdicts.benchmark, verdicts.version, verdicts.control
