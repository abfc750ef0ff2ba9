-- Recompute the minutes that the staged measurements touch, from zone_occupancy alone.
-- A value holds until the zone's next one, but no longer than occupancy_holds().
INSERT INTO occupancy_minutes AS m
WITH touched AS (
    SELECT zone_id, time_bucket(INTERVAL '1 minute', min(as_of) - occupancy_holds()) AS since
    FROM stage_zone_occupancy
    GROUP BY zone_id
), steps AS (
    SELECT
        o.*,
        least(
            lead(o.as_of, 1, o.as_of) OVER (PARTITION BY o.zone_id ORDER BY o.seq),
            o.as_of + occupancy_holds()
        ) AS until
    FROM touched
    JOIN zone_occupancy AS o USING (zone_id)
    WHERE o.as_of >= touched.since - occupancy_holds()
        AND o.as_of >= %(since)s::timestamptz
), pieces AS (
    SELECT
        minute,
        steps.*,
        (extract(epoch FROM least(until, minute + INTERVAL '1 minute') - greatest(as_of, minute))
            * 1000000)::bigint AS us
    FROM steps
    CROSS JOIN generate_series(
        time_bucket(INTERVAL '1 minute', as_of), until, INTERVAL '1 minute'
    ) AS minute
)
SELECT
    minute,
    zone_id,
    (array_agg(floor_id ORDER BY seq DESC))[1],
    sum(us),
    sum(people * us),
    max(people),
    min(people),
    sum(identified * us),
    sum(scheduled * us),
    sum(required * us),
    sum(gap_min * us),
    sum(gap_max * us)
FROM pieces
JOIN touched USING (zone_id)
WHERE us > 0 AND minute >= touched.since AND minute >= %(kept_since)s::timestamptz
GROUP BY minute, zone_id
ON CONFLICT (zone_id, minute) DO UPDATE SET
    floor_id = excluded.floor_id,
    known_us = excluded.known_us,
    people_us = excluded.people_us,
    people_max = excluded.people_max,
    people_min = excluded.people_min,
    identified_us = excluded.identified_us,
    scheduled_us = excluded.scheduled_us,
    required_us = excluded.required_us,
    gap_min_us = excluded.gap_min_us,
    gap_max_us = excluded.gap_max_us
