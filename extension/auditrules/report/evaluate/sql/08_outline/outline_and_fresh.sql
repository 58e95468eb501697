-- What takes the place of `outlined` where there is an outline: it, and what it is not of.
SELECT * FROM outline
UNION ALL
SELECT fresh_observations.*, 0 AS continues FROM fresh_observations
