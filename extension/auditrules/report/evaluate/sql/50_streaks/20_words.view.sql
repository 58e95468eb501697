-- What is said of each slot, in one stream: by rows, and by what makes them unknown.
SELECT voiced.slot, attributed.turn
FROM attributed
JOIN voiced ON voiced.speaker = attributed.speaker AND voiced.about = attributed.about
WHERE attributed.turn IS NOT NULL
UNION ALL
SELECT slot, turn FROM breaks
