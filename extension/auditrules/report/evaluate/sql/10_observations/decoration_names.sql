-- The names of all decorations of the logs, by which hosts can be grouped.
SELECT DISTINCT decoration FROM decorations WHERE decoration <> '' ORDER BY decoration
