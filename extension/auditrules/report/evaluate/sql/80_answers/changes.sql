-- What changed within the window: status by a host's own word, and words that nobody has any more.
SELECT
  turns.first_time AS moment,
  subjects.key,
  subjects.benchmark,
  subjects.version,
  subjects.control,
  coalesce(texts.target, '') AS target,
  turns.before,
  turns.what AS after,
  '' AS given,
  coalesce(texts.evidence, '') AS evidence,
  turns.first_time AS seen,
  '' AS failed_query,
  '' AS message
FROM turns
CROSS JOIN parameters
JOIN subjects ON subjects.subject = turns.subject
LEFT JOIN texts
  ON
    texts.slot = turns.slot
    AND texts.turn = turns.first_turn
WHERE turns.first_time >= parameters.since
UNION ALL
SELECT
  judged.since AS moment,
  judged.key,
  judged.benchmark,
  judged.version,
  judged.control,
  coalesce(texts.target, '') AS target,
  said.what AS before,
  'unknown' AS after,
  judged.given,
  '' AS evidence,
  judged.seen,
  judged.failed_query,
  judged.message
FROM judged
CROSS JOIN parameters
JOIN said ON said.slot = judged.slot
LEFT JOIN texts ON texts.slot = judged.slot AND texts.turn = judged.turn
WHERE
  judged.given IN ('stale', 'query_failed', 'extension_missing', 'gone') AND judged.since >= parameters.since
UNION ALL
SELECT
  spells.first_time AS moment,
  subjects.key,
  subjects.benchmark,
  subjects.version,
  subjects.control,
  several.target,
  said.what AS before,
  'gone' AS after,
  'gone' AS given,
  '' AS evidence,
  said.last_time AS seen,
  '' AS failed_query,
  '' AS message
FROM spells
CROSS JOIN parameters
JOIN subjects ON subjects.subject = spells.subject
JOIN said ON said.slot = spells.slot
JOIN several ON several.slot = spells.slot
LEFT JOIN judged ON judged.slot = spells.slot
WHERE spells.age = 1 AND spells.what = 'gone' AND judged.subject IS NULL AND spells.first_time >= parameters.since
