-- The controls that an interrupted query of a host is of: those that the host's own rows of the query, or of its twin,
-- name. Where it never logged one, the name of the query decides: every version of the benchmark that the host reports with
-- such a control, else the shipped version that most hosts report.
WITH interrupted AS (
  SELECT DISTINCT
    coalesce(host_aliases.key, interruptions.host) AS key,
    interruptions.query,
    query_base(interruptions.query) AS query_base
  FROM interruptions
  LEFT JOIN host_aliases
    ON
      host_aliases.host = interruptions.host
      AND host_aliases.identifier IS NOT DISTINCT FROM interruptions.identifier
      AND host_aliases.name IS NOT DISTINCT FROM interruptions.name
  WHERE interruptions.query <> ''
),
own AS (
  SELECT DISTINCT
    coalesce(host_aliases.key, host_queries.host) AS key,
    host_queries.query_base,
    host_queries.benchmark,
    host_queries.version,
    host_queries.control
  FROM host_queries
  LEFT JOIN host_aliases
    ON
      host_aliases.host = host_queries.host
      AND host_aliases.identifier IS NOT DISTINCT FROM host_queries.identifier
      AND host_aliases.name IS NOT DISTINCT FROM host_queries.name
),
by_rows AS (
  SELECT interrupted.key, interrupted.query, own.benchmark, own.version, own.control
  FROM interrupted
  JOIN own ON own.key = interrupted.key AND own.query_base = interrupted.query_base
),
unknown AS (
  SELECT interrupted.key, interrupted.query
  FROM interrupted
  LEFT JOIN by_rows ON by_rows.key = interrupted.key AND by_rows.query = interrupted.query
  WHERE by_rows.key IS NULL
),
by_reported_version AS (
  SELECT DISTINCT unknown.key, unknown.query, host_controls.benchmark, host_controls.version, host_controls.control
  FROM unknown
  JOIN named_queries ON named_queries.query = unknown.query
  JOIN host_controls
    ON
      host_controls.key = unknown.key
      AND host_controls.benchmark = named_queries.benchmark
      AND host_controls.version = named_queries.version
      AND host_controls.control = named_queries.control
),
benchmark_sizes AS (
  SELECT benchmark, version, count(DISTINCT key) AS host_count FROM host_controls GROUP BY benchmark, version
),
by_common_version AS (
  SELECT key, query, benchmark, version, control
  FROM (
    SELECT
      unknown.key,
      unknown.query,
      named_queries.benchmark,
      named_queries.version,
      named_queries.control,
      -- the controls of one version share their place
      rank() OVER (
        PARTITION BY unknown.key, unknown.query
        ORDER BY coalesce(benchmark_sizes.host_count, 0) DESC, named_queries.preference
      ) AS place
    FROM unknown
    JOIN named_queries ON named_queries.query = unknown.query
    LEFT JOIN benchmark_sizes
      ON
        benchmark_sizes.benchmark = named_queries.benchmark
        AND benchmark_sizes.version = named_queries.version
    LEFT JOIN by_reported_version
      ON by_reported_version.key = unknown.key AND by_reported_version.query = unknown.query
    WHERE by_reported_version.key IS NULL
  ) AS ranked
  WHERE place = 1
)
SELECT key, query, benchmark, version, control FROM by_rows
UNION
SELECT key, query, benchmark, version, control FROM by_reported_version
UNION
SELECT key, query, benchmark, version, control FROM by_common_version
