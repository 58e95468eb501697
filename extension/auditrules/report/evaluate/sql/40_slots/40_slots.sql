-- A slot: what has a status of its own. Most subjects are one slot, with the subject's number; of some each target is one,
-- but for the rest of many, which share one.
SELECT subject, subject AS slot, 0 AS is_rest FROM subjects WHERE subject NOT IN (SELECT subject FROM multi_target_slots)
UNION ALL
SELECT DISTINCT subject, slot, is_rest FROM multi_target_slots
