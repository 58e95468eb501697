-- Which hosts reported, under which names, from when to when. A failure whose host is a guess says nothing of when.
SELECT host, identifier, name, min(first_time) AS first_time, max(last_time) AS last_time
FROM (
  SELECT host, identifier, name, first_time, last_time FROM sightings
  UNION ALL
  SELECT
    interruptions.host,
    interruptions.identifier,
    interruptions.name,
    CASE
      WHEN interruptions.certain = 1 AND interruptions.time BETWEEN parameters.earliest AND parameters.latest
        THEN interruptions.time
    END AS first_time,
    CASE
      WHEN interruptions.certain = 1 AND interruptions.time BETWEEN parameters.earliest AND parameters.latest
        THEN interruptions.time
    END AS last_time
  FROM interruptions
  CROSS JOIN parameters
) AS sighted
GROUP BY host, identifier, name
