-- The hosts by their digests, where a digest is that of exactly one.
SELECT host_digest, min(host) AS host, min(identifier) AS identifier, min(name) AS name
FROM (SELECT DISTINCT host_digest, host, identifier, name FROM sightings) AS each_host
WHERE host_digest <> 0
GROUP BY host_digest
HAVING count(*) = 1
