-- The rows of controls that count, each with its host and control.
SELECT
  voiced.subject,
  voiced.moving,
  voiced.undated,
  verdicts.query,
  verdicts.target,
  verdicts.status,
  verdicts.kind,
  verdicts.time,
  verdicts.line
FROM verdicts
JOIN voiced ON voiced.speaker = verdicts.speaker AND voiced.about = verdicts.about
WHERE voiced.clear = 1
UNION ALL
SELECT
  voiced.subject,
  voiced.moving,
  voiced.undated,
  verdicts.query,
  verdicts.target,
  verdicts.status,
  verdicts.kind,
  verdicts.time,
  verdicts.line
FROM verdicts
JOIN voiced
  ON
    voiced.speaker IS NOT DISTINCT FROM verdicts.speaker
    AND voiced.about IS NOT DISTINCT FROM verdicts.about
    AND voiced.host = verdicts.host
    AND voiced.name IS NOT DISTINCT FROM verdicts.name
    AND voiced.benchmark = verdicts.benchmark
    AND voiced.version = verdicts.version
    AND voiced.control = verdicts.control
WHERE voiced.clear = 0
