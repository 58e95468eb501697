-- Keys and names of all hosts of the logs and the inventory, among which --host selects.
SELECT key, name FROM host_names
UNION
SELECT host AS key, alias AS name FROM inventory
ORDER BY key, name
