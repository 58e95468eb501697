-- An outline of the observations: a report follows from it as from all, and it is much shorter where little changes.
SELECT observations.*, outline_ends.continues
FROM observations
JOIN outline_ends
  ON
    outline_ends.host_digest = observations.host_digest
    AND outline_ends.target_digest = observations.target_digest
    AND outline_ends.row_digest = observations.row_digest
    AND outline_ends.time = observations.time
