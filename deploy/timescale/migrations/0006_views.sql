-- What analysts query; docs/analysts.md shows how.

CREATE VIEW zones_now AS
SELECT DISTINCT ON (zone_id) zone_id, name, floor_id, camera_id, removed, dwell_limit_s, sort_order
FROM zones
ORDER BY zone_id, version DESC;
COMMENT ON VIEW zones_now IS 'Each zone at its newest version.';

CREATE VIEW cameras_now AS
SELECT DISTINCT ON (camera_id) camera_id, name, floor_id, removed, width, height
FROM cameras
ORDER BY camera_id, version DESC;
COMMENT ON VIEW cameras_now IS 'Each camera at its newest version.';

CREATE VIEW zone_events_in_force AS
SELECT e.*
FROM zone_events AS e
WHERE NOT EXISTS (
    SELECT FROM zone_events AS c WHERE c.zone_id = e.zone_id AND c.corrects = e.seq
);
COMMENT ON VIEW zone_events_in_force IS 'Zone events without those that a later one corrected.';

CREATE VIEW zone_stays AS
SELECT
    s.zone_id,
    coalesce(z.name, s.zone_id) AS zone_name,
    s.floor_id,
    s.person_id,
    s.entered_at,
    s.left_at,
    s.dwell,
    s.dwell_exceeded
FROM (
    SELECT
        zone_id,
        person_id,
        entered_at,
        min(floor_id) AS floor_id,
        max(at) FILTER (WHERE kind = 'LEFT') AS left_at,
        max(dwell) FILTER (WHERE kind = 'LEFT') AS dwell,
        bool_or(kind = 'DWELL_EXCEEDED') AS dwell_exceeded
    FROM zone_events_in_force
    GROUP BY zone_id, person_id, entered_at
) AS s
LEFT JOIN zones_now AS z USING (zone_id);
COMMENT ON VIEW zone_stays IS
    'One row per stay of a person in a zone; left_at and dwell are null while it lasts.';

CREATE VIEW zone_known_through AS
SELECT zone_id, max(as_of) AS known_through
FROM zone_occupancy
GROUP BY zone_id;
COMMENT ON VIEW zone_known_through IS
    'The newest time for which a zone''s rows are here; later questions have no answer yet.';

CREATE VIEW occupancy_per_minute AS
SELECT
    m.minute,
    m.zone_id,
    coalesce(z.name, m.zone_id) AS zone_name,
    m.people_us::double precision / m.known_us AS people_avg,
    m.people_max,
    m.people_min,
    m.identified_us::double precision / m.known_us AS identified_avg,
    m.scheduled_us::double precision / m.known_us AS scheduled_avg,
    m.required_us::double precision / m.known_us AS required_avg,
    m.gap_min_us::double precision / m.known_us AS gap_min_avg,
    m.gap_max_us::double precision / m.known_us AS gap_max_avg,
    m.known_us * INTERVAL '1 microsecond' AS known_for
FROM occupancy_minutes AS m
LEFT JOIN zones_now AS z USING (zone_id);
COMMENT ON VIEW occupancy_per_minute IS
    'Time-weighted averages; known_for is the part of the minute in which the zone was watched.';

CREATE VIEW coverage_gap_per_hour AS
SELECT
    r.hour,
    r.zone_id,
    coalesce(z.name, r.zone_id) AS zone_name,
    r.role,
    r.required_us / h.known_us AS required_avg,
    r.scheduled_us / h.known_us AS scheduled_avg,
    r.present_min_us / h.known_us AS present_min_avg,
    r.present_max_us / h.known_us AS present_max_avg,
    r.gap_min_us / h.known_us AS gap_min_avg,
    r.gap_max_us / h.known_us AS gap_max_avg,
    r.short_us * INTERVAL '1 microsecond' AS short_for,
    r.maybe_short_us * INTERVAL '1 microsecond' AS maybe_short_for,
    h.known_us * INTERVAL '1 microsecond' AS known_for
FROM (
    SELECT
        time_bucket(INTERVAL '1 hour', minute) AS hour,
        zone_id,
        role,
        sum(present_min_us)::double precision AS present_min_us,
        sum(present_max_us)::double precision AS present_max_us,
        sum(scheduled_us)::double precision AS scheduled_us,
        sum(required_us)::double precision AS required_us,
        sum(gap_min_us)::double precision AS gap_min_us,
        sum(gap_max_us)::double precision AS gap_max_us,
        sum(short_us)::double precision AS short_us,
        sum(maybe_short_us)::double precision AS maybe_short_us
    FROM coverage_minutes
    GROUP BY 1, 2, 3
) AS r
JOIN (
    SELECT
        time_bucket(INTERVAL '1 hour', minute) AS hour,
        zone_id,
        sum(known_us)::double precision AS known_us
    FROM occupancy_minutes
    GROUP BY 1, 2
) AS h USING (hour, zone_id)
LEFT JOIN zones_now AS z USING (zone_id);
COMMENT ON VIEW coverage_gap_per_hour IS
    'Staff missing per zone, role and hour, as an interval: gap_min_avg if every unidentified '
    'person were the staff needed, gap_max_avg if none were. A role that nobody needs for a part '
    'of the hour has no gap in it. Only the watched time, known_for, counts.';

CREATE VIEW dwell_per_zone AS
SELECT
    zone_id,
    zone_name,
    count(*) AS stays,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell) AS dwell_p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY dwell) AS dwell_p95,
    max(dwell) AS dwell_max
FROM zone_stays
WHERE left_at IS NOT NULL
GROUP BY zone_id, zone_name;
COMMENT ON VIEW dwell_per_zone IS 'How long finished stays took, over everything that is kept.';
