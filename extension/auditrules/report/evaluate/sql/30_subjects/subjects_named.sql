-- Keys, names and controls, for waivers.
SELECT subjects.key, hosts.name, subjects.benchmark, subjects.version, subjects.control
FROM subjects
JOIN hosts ON hosts.key = subjects.key
ORDER BY subjects.key, subjects.benchmark, subjects.version, subjects.control
