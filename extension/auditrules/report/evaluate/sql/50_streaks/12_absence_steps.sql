-- What happens to a control or a target that snapshots may leave out: it is named, or interrupted. From `start_key` on this
-- counts, and no snapshot up to `end_key` makes it gone. Each kind of snapshots makes others gone:
--   control   of a query that reports several controls: a control that it reported, unless another query reports it
--   query     of a query that reports one control: a target that it named, unless another such query names it
--   shared    of queries that report several controls: every target that they do not name
--   others    of queries that report one control: a target that one of those named, unless one of these does
-- Another query counts for the maximum age. `entity` is a subject for `control`, else a slot; `owner` is whose snapshots
-- they are. Of the queries that named a target, `within_query_limit` of the last can make it gone.
WITH control_subjects AS (
  SELECT subjects.subject, left_out.key, left_out.query_base
  FROM left_out
  JOIN subjects
    ON
      subjects.key = left_out.key
      AND subjects.benchmark = left_out.benchmark
      AND subjects.version = left_out.version
      AND subjects.control = left_out.control
),
reports AS (
  SELECT DISTINCT
    series_subjects.subject,
    query_base(counted_observations.query) AS query_base,
    order_key_time(counted_observations.order_key) AS time
  FROM series_subjects
  JOIN counted_observations
    ON
      counted_observations.host_digest = series_subjects.host_digest
      AND counted_observations.target_digest = series_subjects.target_digest
  WHERE
    counted_observations.action <> 'removed'
    AND counted_observations.order_key IS NOT NULL
    AND series_subjects.subject IN (SELECT subject FROM control_subjects)
),
named AS (
  SELECT DISTINCT
    multi_target_slots.subject,
    multi_target_slots.slot,
    target_observations.query_base,
    target_observations.is_shared,
    order_key_time(target_observations.order_key) AS time
  FROM target_observations
  JOIN multi_target_slots
    ON
      multi_target_slots.subject = target_observations.subject
      AND multi_target_slots.target = target_observations.target
  WHERE target_observations.action <> 'removed' AND target_observations.order_key IS NOT NULL
),
known AS (
  SELECT
    subject, slot, query_base, is_shared,
    row_number() OVER (PARTITION BY slot ORDER BY max(time) DESC, query_base) AS place
  FROM named
  GROUP BY subject, slot, query_base, is_shared
),
watched AS (
  SELECT 'query' AS kind, subject, slot, query_base FROM known WHERE is_shared = 0 AND within_query_limit(place)
  UNION ALL
  SELECT DISTINCT 'shared' AS kind, subject, slot, '' AS query_base FROM known
  UNION ALL
  SELECT DISTINCT 'others' AS kind, subject, slot, '' AS query_base FROM known WHERE is_shared = 1
)
SELECT
  'control' AS kind,
  control_subjects.subject AS entity,
  control_subjects.key AS owner,
  control_subjects.query_base,
  order_key(reports.time, 0, 0) AS start_key,
  CASE
    WHEN reports.query_base = control_subjects.query_base THEN order_key(reports.time, 7, 7)
    ELSE order_key(reports.time + parameters.max_age, 7, 7)
  END AS end_key,
  1 AS is_named,
  CASE WHEN reports.query_base = control_subjects.query_base THEN 1 ELSE 0 END AS is_own
FROM control_subjects
CROSS JOIN parameters
JOIN reports ON reports.subject = control_subjects.subject
UNION ALL
SELECT DISTINCT
  'control' AS kind,
  control_subjects.subject AS entity,
  control_subjects.key AS owner,
  control_subjects.query_base,
  interruption_events.order_key AS start_key,
  interruption_events.order_key AS end_key,
  0 AS is_named,
  0 AS is_own
FROM control_subjects
JOIN interruption_events ON interruption_events.subject = control_subjects.subject
UNION ALL
SELECT
  watched.kind,
  watched.slot AS entity,
  CAST(watched.subject AS VARCHAR) AS owner,
  watched.query_base,
  order_key(named.time, 0, 0) AS start_key,
  CASE
    WHEN watched.kind = 'shared' OR named.is_shared = 1 OR (watched.kind = 'query' AND named.query_base = watched.query_base)
      THEN order_key(named.time, 7, 7)
    ELSE order_key(named.time + parameters.max_age, 7, 7)
  END AS end_key,
  1 AS is_named,
  1 AS is_own
FROM watched
CROSS JOIN parameters
JOIN named ON named.slot = watched.slot
