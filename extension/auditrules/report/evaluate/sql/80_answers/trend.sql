-- How many hosts and controls had which status at the end of each day, by the rules of `verdicts` for the last of them. A
-- day ends at midnight, or when the report is made: of what happened before that, or will never happen, the day is enough
-- to know on which side it is. A target that is gone is unknown where no other is left.
WITH counting AS (
  SELECT
    subjects.subject,
    CASE
      WHEN subjects.subject IN (SELECT subject FROM multi_target_slots) THEN subjects.subject
    END AS multi_target_subject,
    least(coalesce(subjects.first_time, 0), parameters.until) // 86400 AS first_day,
    (subjects.superseded_at + 1) // 86400 AS superseded_day,
    CASE WHEN waived_subjects.until IS NULL THEN 0 ELSE 1 END AS waived,
    CASE WHEN waived_subjects.until < parameters.until THEN (waived_subjects.until + 1) // 86400 END AS waived_day
  FROM subjects
  CROSS JOIN parameters
  LEFT JOIN waived_subjects
    ON
      waived_subjects.key = subjects.key
      AND waived_subjects.benchmark = subjects.benchmark
      AND waived_subjects.version = subjects.version
      AND waived_subjects.control = subjects.control
),
spans AS (
  SELECT
    counting.multi_target_subject,
    counting.superseded_day,
    counting.waived,
    counting.waived_day,
    status_streaks.first_time // 86400 AS first_day,
    status_streaks.next_time // 86400 AS next_day,
    CASE
      WHEN status_streaks.state <> 'gone' AND status_streaks.last_time + parameters.max_age < parameters.until
        THEN (status_streaks.last_time + parameters.max_age + 1) // 86400
    END AS stale_day,
    CASE
      WHEN status_streaks.state = 'gone' THEN 4
      WHEN clock_conflicts.slot IS NOT NULL THEN status_rank('unknown')
      ELSE status_rank(status_streaks.state)
    END AS status_rank
  FROM status_streaks
  CROSS JOIN parameters
  JOIN counting ON counting.subject = status_streaks.subject
  LEFT JOIN clock_conflicts
    ON clock_conflicts.slot = status_streaks.slot AND clock_conflicts.state = status_streaks.state
  UNION ALL
  SELECT
    counting.multi_target_subject,
    counting.superseded_day,
    counting.waived,
    counting.waived_day,
    counting.first_day,
    NULL AS next_day,
    NULL AS stale_day,
    status_rank('unknown') AS status_rank
  FROM slots
  JOIN counting ON counting.subject = slots.subject
  WHERE slots.slot NOT IN (SELECT slot FROM status_streaks)
),
-- Many spans have the same days. Most subjects have one slot, and so one status a day; only of the others it matters whose.
equal_spans AS (
  SELECT
    multi_target_subject, status_rank, waived, first_day, next_day, stale_day, superseded_day, waived_day,
    count(*) AS span_count
  FROM spans
  GROUP BY multi_target_subject, status_rank, waived, first_day, next_day, stale_day, superseded_day, waived_day
),
days AS (
  SELECT day, end_time // 86400 AS day_number FROM trend_days
),
daily AS (
  SELECT
    days.day,
    equal_spans.multi_target_subject,
    equal_spans.span_count,
    CASE
      WHEN days.day_number >= equal_spans.stale_day THEN status_rank('unknown')
      ELSE equal_spans.status_rank
    END AS status_rank,
    CASE WHEN days.day_number >= equal_spans.waived_day THEN 0 ELSE equal_spans.waived END AS waived
  FROM equal_spans
  JOIN days
    ON
      days.day_number >= equal_spans.first_day
      AND (equal_spans.next_day IS NULL OR days.day_number < equal_spans.next_day)
      AND (equal_spans.superseded_day IS NULL OR days.day_number < equal_spans.superseded_day)
),
worst AS (
  SELECT day, status_rank, waived, span_count FROM daily WHERE multi_target_subject IS NULL
  UNION ALL
  SELECT day, min(status_rank) AS status_rank, max(waived) AS waived, 1 AS span_count
  FROM daily
  WHERE multi_target_subject IS NOT NULL
  GROUP BY day, multi_target_subject
)
SELECT
  day,
  sum(CASE WHEN status_rank = status_rank('pass') THEN span_count ELSE 0 END) AS passed,
  sum(CASE WHEN status_rank = status_rank('fail') THEN span_count ELSE 0 END) AS failed,
  sum(CASE WHEN status_rank IN (status_rank('unknown'), 4) THEN span_count ELSE 0 END) AS unknown,
  sum(CASE WHEN status_rank = status_rank('not_applicable') THEN span_count ELSE 0 END) AS not_applicable,
  sum(
    CASE WHEN status_rank IN (status_rank('pass'), status_rank('not_applicable')) THEN 0 ELSE waived * span_count END
  ) AS waived
FROM worst
GROUP BY day
ORDER BY day
