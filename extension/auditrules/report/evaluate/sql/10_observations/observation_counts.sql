-- How many observations there are, and how many when each counts once.
SELECT count(*) AS read_count, count(DISTINCT row_digest) AS distinct_count FROM observations
