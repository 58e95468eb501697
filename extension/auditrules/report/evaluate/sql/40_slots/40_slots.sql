-- A slot: what has a status of its own. Most subjects are one slot, with the subject's number; of some each target is one.
SELECT subject, subject AS slot FROM subjects WHERE subject NOT IN (SELECT subject FROM multi_target_slots)
UNION ALL
SELECT subject, slot FROM multi_target_slots
