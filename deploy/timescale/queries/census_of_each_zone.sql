-- How many people were there to care for in each zone at one moment, and how old was that count?
-- :at  a time with zone
-- Read as it was known at that moment; a zone that nobody has counted has no number.
WITH census_then AS (
    SELECT DISTINCT ON (census_id) *
    FROM census
    WHERE valid_from <= :'at'::timestamptz
        AND recorded_at + INTERVAL '5 seconds' <= :'at'::timestamptz
    ORDER BY census_id, version DESC
), newest AS (
    SELECT DISTINCT ON (zone_id) zone_id, people, starts_at
    FROM census_then
    WHERE NOT removed AND starts_at <= :'at'::timestamptz
    ORDER BY zone_id, starts_at DESC, people DESC
)
SELECT z.name AS zone_name, c.people, c.starts_at, :'at'::timestamptz - c.starts_at AS age
FROM zones_now AS z
LEFT JOIN newest AS c USING (zone_id)
WHERE NOT z.removed
ORDER BY z.sort_order, z.name;
