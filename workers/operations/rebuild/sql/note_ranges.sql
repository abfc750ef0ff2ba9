-- The stretch of time in which each camera, floor or zone of a table differs: what a revision
-- replaces.
INSERT INTO revision_ranges
SELECT %(revision)s, %(table)s, a.key, min(a.at), max(a.at), max(b.through_seq)
FROM (
    SELECT key, at FROM {schema}.{apart}
    UNION ALL
    SELECT key, at FROM {schema}.{other}
) AS a
JOIN {schema}.bounds AS b ON b.kind = {kind} AND b.key = a.key
GROUP BY a.key
