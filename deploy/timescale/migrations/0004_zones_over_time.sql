-- Who entered and left, how many were there, and how that compares with who is needed.

CREATE TABLE zone_events (
    at timestamptz NOT NULL,
    zone_id text NOT NULL,
    seq bigint NOT NULL,
    kind text NOT NULL,
    person_id text NOT NULL,
    floor_id text NOT NULL,
    camera_id text NOT NULL,
    entered_at timestamptz NOT NULL,
    dwell interval,
    as_of timestamptz NOT NULL,
    inputs_through timestamptz NOT NULL,
    corrects bigint,
    digest bytea NOT NULL,
    PRIMARY KEY (zone_id, seq, at)
);
SELECT create_hypertable('zone_events', by_range('at', INTERVAL '7 days'));
CREATE INDEX zone_events_entered_at ON zone_events (zone_id, entered_at);
CREATE INDEX zone_events_person ON zone_events (person_id, at);
CREATE INDEX zone_events_corrects ON zone_events (zone_id, corrects) WHERE corrects IS NOT NULL;
COMMENT ON COLUMN zone_events.kind IS 'ENTERED, LEFT or DWELL_EXCEEDED.';
COMMENT ON COLUMN zone_events.entered_at IS 'When the stay began, in every event of the stay.';
COMMENT ON COLUMN zone_events.dwell IS 'Length of the stay so far; null for ENTERED.';
COMMENT ON COLUMN zone_events.corrects IS 'seq of the event that this one replaces.';

CREATE TABLE zone_occupancy (
    as_of timestamptz NOT NULL,
    zone_id text NOT NULL,
    seq bigint NOT NULL,
    floor_id text NOT NULL,
    reason text NOT NULL,
    people integer NOT NULL,
    identified integer NOT NULL,
    scheduled integer NOT NULL,
    required integer NOT NULL,
    gap_min integer NOT NULL,
    gap_max integer NOT NULL,
    person_ids text[] NOT NULL,
    inputs_through timestamptz NOT NULL,
    cameras_missing text[] NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (zone_id, seq, as_of)
);
SELECT create_hypertable('zone_occupancy', by_range('as_of', INTERVAL '7 days'));
CREATE INDEX zone_occupancy_zone_as_of ON zone_occupancy (zone_id, as_of DESC);
COMMENT ON TABLE zone_occupancy IS
    'People in a zone: a row when anything changes, and every 10 s. A value holds until the next '
    'row; averages must weigh it by that time, which occupancy_per_minute does.';
COMMENT ON COLUMN zone_occupancy.identified IS
    'People whose role is known by evidence that does not come from the roster.';
COMMENT ON COLUMN zone_occupancy.gap_min IS
    'Staff missing if every unidentified person were the staff needed.';
COMMENT ON COLUMN zone_occupancy.gap_max IS
    'Staff missing if no unidentified person were staff.';

CREATE TABLE coverage (
    as_of timestamptz NOT NULL,
    zone_id text NOT NULL,
    role text NOT NULL,
    seq bigint NOT NULL,
    present_min integer NOT NULL,
    present_max integer NOT NULL,
    scheduled integer NOT NULL,
    required integer NOT NULL,
    gap_min integer NOT NULL,
    gap_max integer NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (zone_id, role, seq, as_of)
);
SELECT create_hypertable('coverage', by_range('as_of', INTERVAL '7 days'));
CREATE INDEX coverage_zone_seq ON coverage (zone_id, seq);
COMMENT ON TABLE coverage IS
    'The roles of each row of zone_occupancy, which has the same zone_id and seq.';
COMMENT ON COLUMN coverage.present_min IS 'People known to have the role.';
COMMENT ON COLUMN coverage.present_max IS 'Those, and everybody who is not identified.';
