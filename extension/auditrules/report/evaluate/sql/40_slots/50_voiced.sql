-- Of which slot each of the voices speaks.
SELECT speaking.speaker, speaking.about, speaking.target, coalesce(several.slot, speaking.subject) AS slot
FROM speaking
LEFT JOIN several ON several.subject = speaking.subject AND several.target = speaking.target
