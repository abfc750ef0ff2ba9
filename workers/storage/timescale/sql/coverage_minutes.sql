-- Recompute the minutes that the staged measurements touch, from zone_occupancy and coverage alone.
-- A role's value holds until the zone's next measurement, with the role or without.
INSERT INTO coverage_minutes AS m
WITH touched AS (
    SELECT zone_id, time_bucket(INTERVAL '1 minute', min(as_of) - occupancy_holds()) AS since
    FROM stage_zone_occupancy
    GROUP BY zone_id
), steps AS (
    SELECT
        o.zone_id,
        o.seq,
        o.as_of,
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
        c.*,
        (extract(epoch FROM least(until, minute + INTERVAL '1 minute')
            - greatest(steps.as_of, minute)) * 1000000)::bigint AS us
    FROM steps
    JOIN coverage AS c
        ON c.zone_id = steps.zone_id AND c.seq = steps.seq AND c.as_of = steps.as_of
        AND c.as_of >= %(since)s::timestamptz
    CROSS JOIN generate_series(
        time_bucket(INTERVAL '1 minute', steps.as_of), until, INTERVAL '1 minute'
    ) AS minute
)
SELECT
    minute,
    zone_id,
    role,
    sum(us),
    sum(present_min * us),
    sum(present_max * us),
    sum(scheduled * us),
    sum(required * us),
    sum(gap_min * us),
    sum(gap_max * us),
    coalesce(sum(us) FILTER (WHERE gap_min > 0), 0),
    coalesce(sum(us) FILTER (WHERE gap_max > 0), 0)
FROM pieces
JOIN touched USING (zone_id)
WHERE us > 0 AND minute >= touched.since AND minute >= %(kept_since)s::timestamptz
GROUP BY minute, zone_id, role
ON CONFLICT (zone_id, role, minute) DO UPDATE SET
    known_us = excluded.known_us,
    present_min_us = excluded.present_min_us,
    present_max_us = excluded.present_max_us,
    scheduled_us = excluded.scheduled_us,
    required_us = excluded.required_us,
    gap_min_us = excluded.gap_min_us,
    gap_max_us = excluded.gap_max_us,
    short_us = excluded.short_us,
    maybe_short_us = excluded.maybe_short_us
