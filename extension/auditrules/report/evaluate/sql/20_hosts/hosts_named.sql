-- Keys and names of all who were heard of or are in the inventory, for globs of them.
SELECT key, name FROM speakers
UNION
SELECT host AS key, alias AS name FROM inventory
ORDER BY key, name
