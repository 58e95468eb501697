-- Where a snapshot makes a slot gone. Gone it stays until it is named again, so only the first snapshot after each step
-- counts, and the last of all, which says that the query still runs. Both are found in one pass over steps and snapshots.
WITH runs AS (
  SELECT DISTINCT
    'control' AS kind,
    shared_snapshots.key AS owner,
    shared_snapshots.query_base,
    order_key(shared_snapshots.time, 3, state_code('gone')) AS run_key
  FROM shared_snapshots
  JOIN (SELECT DISTINCT key, query_base FROM left_out) AS left_out_of
    ON left_out_of.key = shared_snapshots.key AND left_out_of.query_base = shared_snapshots.query_base
  UNION ALL
  SELECT DISTINCT
    kinds.kind,
    CAST(target_observations.subject AS VARCHAR) AS owner,
    CASE WHEN kinds.kind = 'query' THEN target_observations.query_base ELSE '' END AS query_base,
    order_key(order_key_time(target_observations.order_key), 3, state_code('gone')) AS run_key
  FROM target_observations
  JOIN (
    SELECT 'query' AS kind, 0 AS is_shared
    UNION ALL
    SELECT 'others' AS kind, 0 AS is_shared
    UNION ALL
    SELECT 'shared' AS kind, 1 AS is_shared
  ) AS kinds
    ON kinds.is_shared = target_observations.is_shared
  JOIN (SELECT DISTINCT subject FROM multi_target_slots) AS multi_target_subjects
    ON multi_target_subjects.subject = target_observations.subject
  WHERE target_observations.action = 'snapshot' AND target_observations.order_key IS NOT NULL
),
spans AS (
  SELECT
    kind, entity, owner, query_base,
    max(end_key) OVER (
      PARTITION BY kind, entity, owner, query_base
      ORDER BY start_key, end_key
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS end_key,
    max(is_own) OVER (
      PARTITION BY kind, entity, owner, query_base
      ORDER BY start_key, end_key
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS is_own,
    min(CASE WHEN is_named = 1 THEN start_key END) OVER (
      PARTITION BY kind, entity, owner, query_base
      ORDER BY start_key, end_key
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS next_key
  FROM absence_steps
),
passed AS (
  SELECT
    kind, entity, is_own, end_key, next_key,
    min(run_key) OVER (
      PARTITION BY kind, owner, query_base
      ORDER BY place DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS run_key,
    max(run_key) OVER (PARTITION BY kind, owner, query_base) AS last_key
  FROM (
    SELECT
      kind, entity, owner, query_base, is_own, end_key, next_key,
      end_key AS place,
      CAST(NULL AS BIGINT) AS run_key
    FROM spans
    UNION ALL
    SELECT
      kind,
      CAST(NULL AS BIGINT) AS entity,
      owner,
      query_base,
      0 AS is_own,
      CAST(NULL AS BIGINT) AS end_key,
      CAST(NULL AS BIGINT) AS next_key,
      run_key AS place,
      run_key
    FROM runs
  ) AS steps_and_runs
),
gone AS (
  SELECT kind, entity, run_key FROM passed WHERE is_own = 1 AND run_key < coalesce(next_key, run_key + 1)
  UNION
  SELECT kind, entity, last_key AS run_key FROM passed WHERE is_own = 1 AND next_key IS NULL AND last_key > end_key
)
SELECT DISTINCT coalesce(of_control.slot, gone.entity) AS slot, gone.run_key AS order_key
FROM gone
LEFT JOIN (SELECT 'control' AS kind, subject, slot FROM slots) AS of_control
  ON of_control.kind = gone.kind AND of_control.subject = gone.entity
