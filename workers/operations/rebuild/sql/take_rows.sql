-- The rebuilt rows of these stretches. By name: a later migration adds columns after `revision`.
INSERT INTO {revised} ({names}, revision)
SELECT {columns}, %(revision)s
FROM {schema}.{name} AS t
{within} AND EXISTS (
    SELECT FROM revision_ranges AS r
    WHERE r.revision = %(revision)s AND r.table_name = %(table)s
        AND r.key = t.{key} AND t.{time} BETWEEN r.first AND r.last
)
