-- The observations that a report goes through. `continues` is 1 where others that said the same stood before this one, and
-- were left out. Nothing is left out here; an engine that has an outline reads `outline_and_fresh` instead.
SELECT observations.*, 0 AS continues FROM observations
