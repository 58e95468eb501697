-- Of which subject each of the voices speaks.
SELECT voices.speaker, voices.about, voices.target, subjects.subject, subjects.moving
FROM voices
LEFT JOIN aliases ON aliases.host = voices.host AND aliases.name = voices.name
JOIN subjects
  ON
    subjects.key = coalesce(aliases.key, voices.host)
    AND subjects.benchmark = voices.benchmark
    AND subjects.version = voices.version
    AND subjects.control = voices.control
