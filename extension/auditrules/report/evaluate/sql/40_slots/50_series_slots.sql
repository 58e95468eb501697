-- The slot of each series.
SELECT
  series_subjects.host_digest,
  series_subjects.target_digest,
  series_subjects.target,
  coalesce(multi_target_slots.slot, series_subjects.subject) AS slot,
  coalesce(multi_target_slots.is_rest, 0) AS is_rest
FROM series_subjects
LEFT JOIN multi_target_slots
  ON multi_target_slots.subject = series_subjects.subject AND multi_target_slots.target = series_subjects.target
