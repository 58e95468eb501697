-- How many rows there are, and how many when each counts once.
SELECT count(*) AS number, count(DISTINCT line) AS lines FROM verdicts
