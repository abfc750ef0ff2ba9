-- The side inputs, every version as a row, so that ids can be joined to names, roles and limits.
-- Each has two times: valid_from (from when it holds) and recorded_at (when it was written down).

CREATE TABLE cameras (
    camera_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    floor_id text NOT NULL,
    name text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    privacy_masks jsonb NOT NULL,
    homography double precision[],
    digest bytea NOT NULL,
    PRIMARY KEY (camera_id, version)
);

CREATE TABLE floors (
    floor_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    partition integer NOT NULL,
    name text NOT NULL,
    time_zone text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (floor_id, version)
);

CREATE TABLE zones (
    zone_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    floor_id text NOT NULL,
    camera_id text,
    name text NOT NULL,
    space text NOT NULL,
    polygon jsonb NOT NULL,
    enter_after_ms integer NOT NULL,
    leave_after_ms integer NOT NULL,
    dwell_limit_s double precision,
    sort_order integer NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (zone_id, version)
);

CREATE TABLE staff (
    staff_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    role text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (staff_id, version)
);
COMMENT ON COLUMN staff.staff_id IS 'A pseudonym; names are not kept here.';

CREATE TABLE shifts (
    shift_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    staff_id text NOT NULL,
    zone_id text NOT NULL,
    role text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    time_zone text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (shift_id, version)
);

CREATE TABLE requirements (
    requirement_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    zone_id text NOT NULL,
    role text NOT NULL,
    count integer NOT NULL,
    weekdays integer[] NOT NULL,
    from_minute integer NOT NULL,
    to_minute integer NOT NULL,
    time_zone text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (requirement_id, version)
);
