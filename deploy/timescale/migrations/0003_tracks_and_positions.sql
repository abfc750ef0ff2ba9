-- One row per camera track, and where each person was once a second.

CREATE TABLE tracks (
    camera_id text NOT NULL,
    track_id bigint NOT NULL,
    started_at timestamptz NOT NULL,
    floor_id text NOT NULL,
    confirmed_at timestamptz,
    last_observed_at timestamptz NOT NULL,
    ended_at timestamptz,
    state text NOT NULL,
    observations integer NOT NULL,
    max_score double precision NOT NULL,
    x_m double precision,
    y_m double precision,
    model_name text NOT NULL,
    model_version text NOT NULL,
    first_seq bigint NOT NULL,
    seq bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (camera_id, track_id, started_at)
) WITH (fillfactor = 80);
SELECT create_hypertable('tracks', by_range('started_at', INTERVAL '7 days'));
COMMENT ON TABLE tracks IS
    'One row per camera track. person_id elsewhere is camera_id:track_id until cameras are fused.';
COMMENT ON COLUMN tracks.confirmed_at IS
    'Frame that first showed it as confirmed; null for what may have been a false detection.';
COMMENT ON COLUMN tracks.last_observed_at IS 'Last frame with a matched detection.';
COMMENT ON COLUMN tracks.ended_at IS 'Frame that ended it; null while it lives.';
COMMENT ON COLUMN tracks.observations IS 'Frames with a matched detection.';
COMMENT ON COLUMN tracks.max_score IS 'Best detection score of those frames, 0 to 1.';
COMMENT ON COLUMN tracks.x_m IS 'Last known position on the floor, m; null without calibration.';
COMMENT ON COLUMN tracks.y_m IS 'Last known position on the floor, m; null without calibration.';
COMMENT ON COLUMN tracks.seq IS 'seq of the newest record of the camera that holds the track.';
COMMENT ON COLUMN tracks.digest IS 'Digest of that record.';

CREATE TABLE positions (
    at timestamptz NOT NULL,
    person_id text NOT NULL,
    floor_id text NOT NULL,
    as_of timestamptz NOT NULL,
    camera_ids text[] NOT NULL,
    zone_ids text[] NOT NULL,
    foot_x_px double precision,
    foot_y_px double precision,
    x_m double precision,
    y_m double precision,
    observed boolean NOT NULL,
    role text NOT NULL,
    role_confidence double precision NOT NULL,
    staff_id text,
    calibration_suspect boolean NOT NULL,
    seq bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (person_id, at, floor_id)
);
SELECT create_hypertable('positions', by_range('at', INTERVAL '1 day'));
COMMENT ON TABLE positions IS
    'Each person at the first tick of each second (setting sink.position_interval_s).';
COMMENT ON COLUMN positions.at IS 'Start of the second.';
COMMENT ON COLUMN positions.as_of IS 'The tick that the row was taken from.';
COMMENT ON COLUMN positions.foot_x_px IS 'Foot point in the camera frame, px; null when fused.';
COMMENT ON COLUMN positions.x_m IS 'On the floor, m; null without calibration.';
COMMENT ON COLUMN positions.observed IS 'False while the track coasts through a miss.';
COMMENT ON COLUMN positions.role IS
    'By evidence that does not come from the roster; empty when unknown.';
