-- The observations of an outline: all but those that stand between two others that say the same. Observations of one series
-- that follow on each other say the same if they are of one query and action, have one state, and none is more than the
-- maximum age later than the one before. `continues` is 1 for those that say what the one before them says.
-- All are kept of a query that reports several controls, whose every snapshot counts, of a series with an impossible time,
-- whose rows are told apart by their texts, and what is later than the report. Of those at one moment the one with the least
-- `row_digest` is shown, so the last moment is kept whole.
WITH undated AS (
  SELECT DISTINCT observations.host_digest, observations.target_digest
  FROM observations
  CROSS JOIN parameters
  WHERE observations.time < parameters.earliest OR observations.time > parameters.latest
),
keyed AS (
  SELECT
    observations.host_digest,
    observations.target_digest,
    observations.row_digest,
    observations.time,
    observation_key(observations.time, observations.action, observations.status) AS order_key,
    CASE
      WHEN observations.action <> 'removed' AND observations.time <= parameters.until AND undated.host_digest IS NULL
        THEN
          known_queries.number * 16
          + CASE observations.action WHEN 'snapshot' THEN 8 ELSE 0 END
          + state_code(observations.status)
    END AS says
  FROM observations
  CROSS JOIN parameters
  LEFT JOIN known_queries ON known_queries.query = observations.query AND known_queries.control_count = 1
  LEFT JOIN undated
    ON undated.host_digest = observations.host_digest AND undated.target_digest = observations.target_digest
),
neighbours AS (
  SELECT
    host_digest,
    target_digest,
    row_digest,
    time,
    order_key,
    says,
    lag(says) OVER (PARTITION BY host_digest, target_digest ORDER BY order_key, row_digest) AS said_before,
    lag(order_key) OVER (PARTITION BY host_digest, target_digest ORDER BY order_key, row_digest) AS key_before,
    lead(says) OVER (PARTITION BY host_digest, target_digest ORDER BY order_key, row_digest) AS said_after,
    lead(order_key) OVER (PARTITION BY host_digest, target_digest ORDER BY order_key, row_digest) AS key_after,
    lead(row_digest) OVER (PARTITION BY host_digest, target_digest ORDER BY order_key, row_digest) AS digest_after
  FROM keyed
),
marked AS (
  SELECT
    neighbours.host_digest,
    neighbours.target_digest,
    neighbours.row_digest,
    neighbours.time,
    CASE
      WHEN
        neighbours.said_before = neighbours.says
        AND order_key_time(neighbours.order_key) - order_key_time(neighbours.key_before) <= parameters.max_age
        THEN 1
      ELSE 0
    END AS continues,
    CASE
      WHEN
        neighbours.said_after = neighbours.says
        AND order_key_time(neighbours.key_after) - order_key_time(neighbours.order_key) <= parameters.max_age
        AND (neighbours.key_after > neighbours.order_key OR neighbours.digest_after = neighbours.row_digest)
        THEN 1
      ELSE 0
    END AS goes_on
  FROM neighbours
  CROSS JOIN parameters
)
SELECT host_digest, target_digest, row_digest, time, min(continues) AS continues
FROM marked
WHERE continues = 0 OR goes_on = 0
GROUP BY host_digest, target_digest, row_digest, time
