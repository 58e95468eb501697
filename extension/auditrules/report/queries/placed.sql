-- The rows of controls that count, each with its host and control.
SELECT
  subjects.subject,
  subjects.moving,
  subjects.undated,
  verdicts.query,
  verdicts.target,
  verdicts.status,
  verdicts.kind,
  verdicts.time,
  verdicts.line
FROM verdicts
LEFT JOIN aliases ON aliases.host = verdicts.host AND aliases.name = verdicts.name
JOIN subjects
  ON
    subjects.key = coalesce(aliases.key, verdicts.host)
    AND subjects.benchmark = verdicts.benchmark
    AND subjects.version = verdicts.version
    AND subjects.control = verdicts.control
