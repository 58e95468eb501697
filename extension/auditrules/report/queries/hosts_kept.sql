-- Keys and names of the report's hosts.
SELECT key, name FROM hosts ORDER BY key
