-- The verdicts, by host, benchmark, version, control and target: the order of subjects, and of slots back from zero.
SELECT
  verdicts.key,
  verdicts.benchmark,
  verdicts.version,
  verdicts.control,
  coalesce(shown_observations.target, '') AS target,
  verdicts.status,
  coalesce(shown_observations.logged, '') AS logged,
  verdicts.override_reason,
  coalesce(shown_observations.reason, '') AS reason,
  coalesce(shown_observations.evidence, '') AS evidence,
  coalesce(shown_observations.next_boot, '') AS next_boot,
  verdicts.since,
  verdicts.seen,
  verdicts.failed_query,
  verdicts.message
FROM verdicts
LEFT JOIN shown_observations
  ON shown_observations.slot = verdicts.slot AND shown_observations.order_key = verdicts.order_key
ORDER BY verdicts.subject, verdicts.slot DESC
