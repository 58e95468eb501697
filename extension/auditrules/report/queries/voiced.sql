-- Of which slot each of the voices speaks.
SELECT
  voices.speaker,
  voices.about,
  voices.target,
  coalesce(several.slot, subjects.subject) AS slot
FROM voices
LEFT JOIN aliases ON aliases.host = voices.host AND aliases.name = voices.name
JOIN subjects
  ON
    subjects.key = coalesce(aliases.key, voices.host)
    AND subjects.benchmark = voices.benchmark
    AND subjects.version = voices.version
    AND subjects.control = voices.control
LEFT JOIN several ON several.subject = subjects.subject AND several.target = voices.target
