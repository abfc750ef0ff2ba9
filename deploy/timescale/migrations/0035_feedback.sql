-- What people said is wrong on the board: which figure, which person, which frame. What they wrote
-- may name somebody, so texts are a table of their own, which is kept for less long.

CREATE TABLE feedback (
    given_at timestamptz NOT NULL,
    zone_id text NOT NULL,
    feedback_id text NOT NULL,
    floor_id text NOT NULL,
    kind text NOT NULL,
    person_id text,
    role text,
    as_of timestamptz NOT NULL,
    seq bigint NOT NULL,
    camera_id text,
    captured_at timestamptz,
    model_name text,
    model_version text,
    digest bytea NOT NULL,
    PRIMARY KEY (zone_id, feedback_id, given_at)
);
SELECT create_hypertable('feedback', by_range('given_at', INTERVAL '28 days'));
COMMENT ON TABLE feedback IS 'What people said is wrong on the board; it changes no figure.';
COMMENT ON COLUMN feedback.person_id IS 'Null where it is about the zone.';
COMMENT ON COLUMN feedback.role IS 'Role that the board said the person has.';
COMMENT ON COLUMN feedback.as_of IS 'Of the row of zone_occupancy that was shown, with seq.';
COMMENT ON COLUMN feedback.captured_at IS 'Of the frame of camera_id to look at.';

CREATE TABLE feedback_texts (
    given_at timestamptz NOT NULL,
    zone_id text NOT NULL,
    feedback_id text NOT NULL,
    given_by text NOT NULL,
    text text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (zone_id, feedback_id, given_at)
);
SELECT create_hypertable('feedback_texts', by_range('given_at', INTERVAL '7 days'));
COMMENT ON TABLE feedback_texts IS
    'Who gave which feedback, and what was written besides, which may name somebody.';

INSERT INTO retention (table_name, time_column, keep) VALUES
    ('feedback', 'given_at', INTERVAL '400 days'),
    ('feedback_texts', 'given_at', INTERVAL '30 days');

CREATE VIEW feedback_per_zone AS
SELECT
    f.kind,
    f.zone_id,
    coalesce(z.name, f.zone_id) AS zone_name,
    shift.hour AS shift_hour,
    count(DISTINCT f.feedback_id) AS given,
    count(DISTINCT (f.as_of, f.seq)) AS figures,
    count(DISTINCT f.feedback_id) FILTER (WHERE f.camera_id IS NOT NULL) AS with_a_frame,
    min(f.given_at) AS first_at,
    max(f.given_at) AS last_at,
    (f.given_at AT TIME ZONE 'UTC')::date AS day
FROM feedback AS f
LEFT JOIN zones_now AS z USING (zone_id)
LEFT JOIN LATERAL (
    SELECT floor(extract(epoch FROM f.as_of - max(s.starts_at)) / 3600)::int + 1 AS hour
    FROM (
        SELECT DISTINCT ON (shift_id) zone_id, kind, status, removed, starts_at, ends_at
        FROM shifts
        WHERE shift_id IN (SELECT shift_id FROM shifts WHERE zone_id = f.zone_id)
        ORDER BY shift_id, version DESC
    ) AS s
    WHERE s.zone_id = f.zone_id AND NOT s.removed AND s.kind = 'WORK' AND s.status <> 'CANCELLED'
        AND s.starts_at <= f.as_of AND s.ends_at > f.as_of
) AS shift ON true
GROUP BY f.kind, f.zone_id, z.name, shift.hour, day;
COMMENT ON VIEW feedback_per_zone IS
    'How often what was said to be wrong, by day (UTC), zone and hour of the shift.';
COMMENT ON COLUMN feedback_per_zone.shift_hour IS
    'The first hour of the shift that began last in the zone is 1; null where none was planned.';
COMMENT ON COLUMN feedback_per_zone.figures IS
    'How many figures of the zone it is about: several people may say the same of one.';
