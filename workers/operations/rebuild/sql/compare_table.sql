-- The rows of a table in which a rebuild and what analysts read now differ, within the bounds.
CREATE TABLE {into} AS
WITH held AS (SELECT t.* FROM public.{name} AS t {within}),
    made AS (SELECT t.* FROM {schema}.{name} AS t {within})
SELECT
    coalesce(h.{key}, m.{key}) AS key,
    coalesce(h.{time}, m.{time}) AS at,
    CASE WHEN h.{key} IS NULL THEN 'ADDED' WHEN m.{key} IS NULL THEN 'REMOVED'
        ELSE 'CHANGED' END AS what,
    to_jsonb(h) AS held,
    to_jsonb(m) AS made
FROM held AS h FULL JOIN made AS m ON {same}
WHERE h.{key} IS NULL OR m.{key} IS NULL OR {differ}
