-- Which identities belong together. Nothing is rewritten: tracks, positions and zone events keep the
-- ids under which they were seen, and whoever asks joins what a link joins.

CREATE TABLE links (
    at timestamptz NOT NULL,
    floor_id text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    from_person_id text NOT NULL,
    to_person_id text NOT NULL,
    from_camera_id text NOT NULL,
    from_track_id bigint,
    to_camera_id text NOT NULL,
    to_track_id bigint,
    score double precision NOT NULL,
    reason text NOT NULL,
    gap_s double precision,
    distance_heights double precision,
    as_of timestamptz NOT NULL,
    inputs_through timestamptz NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (floor_id, seq, at)
);
SELECT create_hypertable('links', by_range('at', INTERVAL '28 days'));
CREATE INDEX links_from_track ON links (from_camera_id, from_track_id, at);
CREATE INDEX links_to_track ON links (to_camera_id, to_track_id, at);
COMMENT ON TABLE links IS 'Every link: a later identity continues an earlier one.';
COMMENT ON COLUMN links.at IS 'First sight of the later one: started_at of its track.';
COMMENT ON COLUMN links.kind IS 'REIDENTIFICATION: the camera sees the same person again.';
COMMENT ON COLUMN links.from_person_id IS 'The earlier one, as in positions and zone_events.';
COMMENT ON COLUMN links.to_person_id IS 'The later one.';
COMMENT ON COLUMN links.score IS 'How well the two fit, 0 to 1.';
COMMENT ON COLUMN links.gap_s IS 'From the last sight of the one to the first of the other, s.';
COMMENT ON COLUMN links.distance_heights IS 'Between these two in the frame, in heights of the person.';
COMMENT ON COLUMN links.as_of IS 'The frame that decided it.';

INSERT INTO retention (table_name, time_column, keep) VALUES
    ('links', 'at', INTERVAL '400 days');

-- Each path begins at a track that continues no other one, and is walked from link to link; a link
-- lies behind the beginning of the track that it continues, so a walk comes to an end. A question
-- about a camera or a time is put to the tracks at the beginning, and no other path is walked.
-- OFFSET 0 keeps each look-up one of an index: joined at once, every link would be read at each step.
CREATE VIEW track_paths AS
SELECT
    first.camera_id || ':' || first.track_id AS path_id,
    first.camera_id,
    first.floor_id,
    first.started_at,
    walked.last_observed_at,
    walked.person_ids,
    walked.track_ids,
    walked.observations,
    walked.unseen,
    walked.least_score
FROM tracks AS first
CROSS JOIN LATERAL (
    WITH RECURSIVE steps AS (
        SELECT
            first.camera_id,
            first.track_id,
            first.started_at,
            NULL::double precision AS score,
            0::double precision AS gap_s
        UNION ALL
        SELECT following.*
        FROM steps AS s
        CROSS JOIN LATERAL (
            SELECT l.to_camera_id, l.to_track_id, l.at, l.score, l.gap_s
            FROM links AS l
            WHERE l.from_camera_id = s.camera_id
                AND l.from_track_id = s.track_id
                AND l.at > s.started_at
                AND l.kind = 'REIDENTIFICATION'
            OFFSET 0
        ) AS following
    )
    SELECT
        array_agg(s.camera_id || ':' || s.track_id ORDER BY s.started_at) AS person_ids,
        array_agg(s.track_id ORDER BY s.started_at) AS track_ids,
        max(seen.last_observed_at) AS last_observed_at,
        sum(seen.observations) AS observations,
        sum(s.gap_s) * INTERVAL '1 second' AS unseen,
        min(s.score) AS least_score
    FROM steps AS s
    LEFT JOIN LATERAL (
        SELECT t.last_observed_at, t.observations
        FROM tracks AS t
        WHERE t.camera_id = s.camera_id
            AND t.track_id = s.track_id
            AND t.started_at = s.started_at
        OFFSET 0
    ) AS seen ON true
) AS walked
WHERE first.confirmed_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM links AS l
        WHERE l.to_camera_id = first.camera_id
            AND l.to_track_id = first.track_id
            AND l.at = first.started_at
            AND l.kind = 'REIDENTIFICATION'
        OFFSET 0
    );
COMMENT ON VIEW track_paths IS
    'Confirmed tracks with the links applied: one row per path, which is one person as one camera '
    'saw them, from the first track to the last. person_ids are the ids under which positions and '
    'zone events of that person are found; unseen is the time between the tracks, least_score that '
    'of the weakest link, null for a path of one track.';
