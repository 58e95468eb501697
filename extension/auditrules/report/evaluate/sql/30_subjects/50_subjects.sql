-- A subject: a host and a control that it reports, or is expected to report. Subjects are numbered. A host is expected to
-- report each control that is shipped with the project and that any host with the same benchmark reports; and of other
-- controls those that at least half of these hosts report, so that one host alone makes up no control for others. Where
-- nothing was logged at all, the shipped controls are expected. A host without a benchmark is taken to have the one that
-- most hosts have. What a host reported of a version is left out once it is stale and the host reports another version, or
-- as soon as the query that reported it reports another version: `superseded_at` is when it grew stale, or was replaced.
WITH failing AS (
  SELECT DISTINCT query_controls.key, query_controls.benchmark, query_controls.version, query_controls.control
  FROM query_controls
  CROSS JOIN parameters
  LEFT JOIN selected_benchmarks
    ON
      selected_benchmarks.benchmark = query_controls.benchmark
      AND selected_benchmarks.version = query_controls.version
  LEFT JOIN selected_controls
    ON
      selected_controls.benchmark = query_controls.benchmark
      AND selected_controls.version = query_controls.version
      AND selected_controls.control = query_controls.control
  WHERE
    (parameters.all_benchmarks = 1 OR selected_benchmarks.version IS NOT NULL)
    AND (parameters.all_controls = 1 OR selected_controls.control IS NOT NULL)
),
benchmark_sizes AS (
  SELECT benchmark, version, count(DISTINCT key) AS host_count FROM host_controls GROUP BY benchmark, version
),
expected_controls AS (
  SELECT host_controls.benchmark, host_controls.version, host_controls.control
  FROM host_controls
  JOIN benchmark_sizes
    ON benchmark_sizes.benchmark = host_controls.benchmark AND benchmark_sizes.version = host_controls.version
  LEFT JOIN shipped_controls
    ON
      shipped_controls.benchmark = host_controls.benchmark
      AND shipped_controls.version = host_controls.version
      AND shipped_controls.control = host_controls.control
  GROUP BY
    host_controls.benchmark,
    host_controls.version,
    host_controls.control,
    benchmark_sizes.host_count,
    shipped_controls.control
  HAVING shipped_controls.control IS NOT NULL OR 2 * count(*) >= benchmark_sizes.host_count
  UNION
  SELECT shipped_controls.benchmark, shipped_controls.version, shipped_controls.control
  FROM shipped_controls
  CROSS JOIN parameters
  LEFT JOIN selected_controls
    ON
      selected_controls.benchmark = shipped_controls.benchmark
      AND selected_controls.version = shipped_controls.version
      AND selected_controls.control = shipped_controls.control
  WHERE
    shipped_controls.is_default = 1
    AND (SELECT count(*) FROM benchmark_sizes) = 0
    AND (parameters.all_controls = 1 OR selected_controls.control IS NOT NULL)
),
main_benchmark AS (
  SELECT benchmark, version
  FROM (
    SELECT
      expected_controls.benchmark,
      expected_controls.version,
      row_number() OVER (
        ORDER BY
          coalesce(max(benchmark_sizes.host_count), 0) DESC, expected_controls.benchmark, expected_controls.version
      ) AS place
    FROM expected_controls
    LEFT JOIN benchmark_sizes
      ON
        benchmark_sizes.benchmark = expected_controls.benchmark
        AND benchmark_sizes.version = expected_controls.version
    GROUP BY expected_controls.benchmark, expected_controls.version
  ) AS ranked
  WHERE place = 1
),
reported_versions AS (
  SELECT key, benchmark, version, max(last_time) AS last_time FROM host_controls GROUP BY key, benchmark, version
),
query_versions AS (
  SELECT key, query_base, benchmark, version, min(time) AS first_time, max(time) AS last_time
  FROM shared_snapshots
  GROUP BY key, query_base, benchmark, version
),
-- Versions of one query by when they were last reported: an older one of the host, and those that may have replaced it.
query_ends AS (
  SELECT
    query_versions.key, query_versions.query_base, query_versions.benchmark, query_versions.version,
    greatest(reported_versions.last_time, query_versions.last_time) AS place,
    CAST(NULL AS BIGINT) AS first_time
  FROM query_versions
  JOIN reported_versions
    ON
      reported_versions.key = query_versions.key
      AND reported_versions.benchmark = query_versions.benchmark
      AND reported_versions.version = query_versions.version
  UNION ALL
  SELECT
    query_versions.key, query_versions.query_base, query_versions.benchmark, query_versions.version,
    query_versions.last_time AS place,
    query_versions.first_time
  FROM query_versions
  CROSS JOIN parameters
  JOIN reported_versions
    ON
      reported_versions.key = query_versions.key
      AND reported_versions.benchmark = query_versions.benchmark
      AND reported_versions.version = query_versions.version
  WHERE parameters.until - query_versions.last_time <= parameters.max_age
),
replaced AS (
  SELECT key, benchmark, version, min(greatest(newer_first_time, place)) AS superseded_at
  FROM (
    SELECT
      key, benchmark, version, place, first_time,
      min(first_time) OVER (
        PARTITION BY key, query_base, benchmark
        ORDER BY place DESC
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS newer_first_time
    FROM query_ends
  ) AS ranked
  WHERE first_time IS NULL AND newer_first_time IS NOT NULL
  GROUP BY key, benchmark, version
),
outdated AS (
  SELECT
    reported_versions.key,
    reported_versions.benchmark,
    reported_versions.version,
    reported_versions.last_time + parameters.max_age AS superseded_at
  FROM reported_versions
  CROSS JOIN parameters
  JOIN (
    SELECT key, benchmark, max(last_time) AS last_time FROM reported_versions GROUP BY key, benchmark
  ) AS newest
    ON newest.key = reported_versions.key AND newest.benchmark = reported_versions.benchmark
  WHERE
    parameters.until - reported_versions.last_time > parameters.max_age
    AND parameters.until - newest.last_time <= parameters.max_age
),
superseded AS (
  SELECT key, benchmark, version, min(superseded_at) AS superseded_at
  FROM (
    SELECT key, benchmark, version, superseded_at FROM replaced
    UNION ALL
    SELECT key, benchmark, version, superseded_at FROM outdated
  ) AS each_way
  GROUP BY key, benchmark, version
),
reported_benchmarks AS (
  SELECT key, benchmark, version FROM host_controls
  UNION
  SELECT key, benchmark, version FROM failing
),
host_benchmarks AS (
  SELECT key, benchmark, version FROM reported_benchmarks
  UNION
  SELECT hosts.key, main_benchmark.benchmark, main_benchmark.version
  FROM hosts
  CROSS JOIN main_benchmark
  WHERE hosts.key NOT IN (SELECT key FROM reported_benchmarks)
),
every_subject AS (
  SELECT key, benchmark, version, control, max(undated) AS undated, max(has_targets) AS has_targets
  FROM (
    SELECT
      key, benchmark, version, control, undated,
      CASE WHEN min_target <> max_target THEN 1 ELSE 0 END AS has_targets
    FROM host_controls
    UNION ALL
    SELECT key, benchmark, version, control, 0 AS undated, 0 AS has_targets FROM failing
    UNION ALL
    SELECT
      host_benchmarks.key,
      host_benchmarks.benchmark,
      host_benchmarks.version,
      expected_controls.control,
      0 AS undated,
      0 AS has_targets
    FROM host_benchmarks
    JOIN expected_controls
      ON
        expected_controls.benchmark = host_benchmarks.benchmark
        AND expected_controls.version = host_benchmarks.version
  ) AS each_subject
  GROUP BY key, benchmark, version, control
)
SELECT
  row_number() OVER (
    ORDER BY every_subject.key, every_subject.benchmark, every_subject.version, every_subject.control
  ) AS subject,
  every_subject.key,
  every_subject.benchmark,
  every_subject.version,
  every_subject.control,
  hosts.first_time,
  superseded.superseded_at,
  every_subject.undated,
  every_subject.has_targets
FROM every_subject
JOIN hosts ON hosts.key = every_subject.key
LEFT JOIN superseded
  ON
    superseded.key = every_subject.key
    AND superseded.benchmark = every_subject.benchmark
    AND superseded.version = every_subject.version
