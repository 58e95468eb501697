-- The rows, with what counts of each in one number: `turn` is (time * 8 + place) * 8 + what, and so their order. `place`
-- orders what is said within one second: a removal comes before what was added, and a snapshot before a change, since a
-- change is logged at once and a snapshot may be a moment older. Of two words at once the worse is the last: `what` is 0
-- not applicable, 1 pass, 2 unknown, 3 fail, 4 gone, and where no row says it, in `breaks`, 4 gone, 5 failed, 6 lost.
-- A row whose time cannot be, or is later than what is asked for, has no turn.
SELECT
  verdicts.*,
  CASE
    WHEN
      verdicts.time >= parameters.earliest AND verdicts.time <= parameters.horizon AND verdicts.time <= parameters.latest
      THEN
        least(verdicts.time, parameters.until) * 64
        + CASE verdicts.kind WHEN 'removed' THEN 0 WHEN 'snapshot' THEN 4 ELSE 5 END * 8
        + CASE
          WHEN verdicts.kind = 'removed' THEN 4
          ELSE CASE verdicts.status WHEN 'fail' THEN 3 WHEN 'pass' THEN 1 WHEN 'not_applicable' THEN 0 ELSE 2 END
        END
  END AS turn
FROM verdicts
CROSS JOIN parameters
