-- What is judged, by host, benchmark, version, control and target, which is the order of subjects, and back from zero of
-- slots.
SELECT
  judged.key,
  judged.benchmark,
  judged.version,
  judged.control,
  coalesce(texts.target, '') AS target,
  judged.status,
  coalesce(texts.logged, '') AS logged,
  judged.given,
  coalesce(texts.reason, '') AS reason,
  coalesce(texts.evidence, '') AS evidence,
  coalesce(texts.next_boot, '') AS next_boot,
  judged.since,
  judged.seen,
  judged.failed_query,
  judged.message
FROM judged
LEFT JOIN texts ON texts.slot = judged.slot AND texts.turn = judged.turn
ORDER BY judged.subject, judged.slot DESC
