-- Keys and names of the hosts with each of their controls, among which waivers select.
SELECT subjects.key, hosts.name, subjects.benchmark, subjects.version, subjects.control
FROM subjects
JOIN hosts ON hosts.key = subjects.key
ORDER BY subjects.key, subjects.benchmark, subjects.version, subjects.control
