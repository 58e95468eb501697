-- The rows, each with the two numbers of its voice. There is no voice under numbers that are not clear.
SELECT speaker, about, query, status, reason, evidence, next_boot, kind, time, line, turn
FROM turned
WHERE speaker <> 0
UNION ALL
SELECT
  voices.speaker,
  voices.about,
  turned.query,
  turned.status,
  turned.reason,
  turned.evidence,
  turned.next_boot,
  turned.kind,
  turned.time,
  turned.line,
  turned.turn
FROM turned
JOIN voices
  ON
    voices.given_speaker IS NOT DISTINCT FROM turned.speaker
    AND voices.given_about IS NOT DISTINCT FROM turned.about
    AND voices.host = turned.host
    AND voices.name IS NOT DISTINCT FROM turned.name
    AND voices.benchmark = turned.benchmark
    AND voices.version = turned.version
    AND voices.control = turned.control
    AND voices.target = turned.target
WHERE voices.speaker = 0
