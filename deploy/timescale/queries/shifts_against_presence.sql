-- Who was scheduled in each zone at one moment, and how many people were there?
-- :at  a time with zone
-- Every side input is read as it was known at that moment: a later edit changes nothing here.
WITH shift_then AS (
    SELECT DISTINCT ON (shift_id) *
    FROM shifts
    WHERE valid_from <= :'at'::timestamptz
        AND recorded_at + INTERVAL '5 seconds' <= :'at'::timestamptz
    ORDER BY shift_id, version DESC
), holding AS (
    SELECT *
    FROM shift_then
    WHERE NOT removed AND status <> 'CANCELLED'
        AND starts_at <= :'at'::timestamptz AND ends_at > :'at'::timestamptz
), scheduled AS (
    SELECT
        zone_id,
        array_agg(
            coalesce(nullif(staff_id, ''), agency) || ' (' || role || ')'
            ORDER BY staff_id, shift_id
        ) AS staff
    FROM holding AS s
    WHERE kind = 'WORK'
        AND NOT EXISTS (
            SELECT FROM holding AS o
            WHERE o.replaces = s.shift_id AND o.kind IN ('WORK', 'ON_CALL')
        )
    GROUP BY zone_id
), people_then AS (
    SELECT DISTINCT ON (zone_id) zone_id, as_of, people, identified
    FROM zone_occupancy
    WHERE as_of <= :'at'::timestamptz AND as_of > :'at'::timestamptz - occupancy_holds()
    ORDER BY zone_id, as_of DESC, seq DESC
)
SELECT z.name AS zone_name, p.people, p.identified, p.as_of, coalesce(s.staff, '{}') AS scheduled
FROM zones_now AS z
LEFT JOIN people_then AS p USING (zone_id)
LEFT JOIN scheduled AS s USING (zone_id)
WHERE NOT z.removed
ORDER BY z.sort_order, z.name;
