-- Rollups by minute. They are recomputed from zone_occupancy and coverage, for every minute that
-- a batch touches and in the batch's own transaction; nothing is ever added to what stands here.
-- Sums are integers (value times microseconds), so their order cannot change them.

CREATE FUNCTION occupancy_holds() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN INTERVAL '30 seconds';
COMMENT ON FUNCTION occupancy_holds() IS
    'A value of zone_occupancy is good until the next one, but no longer than this: three missed '
    'periodic rows mean that nobody was looking, not that nothing changed.';

CREATE TABLE occupancy_minutes (
    minute timestamptz NOT NULL,
    zone_id text NOT NULL,
    floor_id text NOT NULL,
    known_us bigint NOT NULL,
    people_us bigint NOT NULL,
    people_max integer NOT NULL,
    people_min integer NOT NULL,
    identified_us bigint NOT NULL,
    scheduled_us bigint NOT NULL,
    required_us bigint NOT NULL,
    gap_min_us bigint NOT NULL,
    gap_max_us bigint NOT NULL,
    PRIMARY KEY (zone_id, minute)
) WITH (fillfactor = 80);
SELECT create_hypertable('occupancy_minutes', by_range('minute', INTERVAL '30 days'));
COMMENT ON COLUMN occupancy_minutes.known_us IS
    'Microseconds of the minute for which the zone was watched.';
COMMENT ON COLUMN occupancy_minutes.people_us IS 'People times microseconds.';

CREATE TABLE coverage_minutes (
    minute timestamptz NOT NULL,
    zone_id text NOT NULL,
    role text NOT NULL,
    known_us bigint NOT NULL,
    present_min_us bigint NOT NULL,
    present_max_us bigint NOT NULL,
    scheduled_us bigint NOT NULL,
    required_us bigint NOT NULL,
    gap_min_us bigint NOT NULL,
    gap_max_us bigint NOT NULL,
    short_us bigint NOT NULL,
    maybe_short_us bigint NOT NULL,
    PRIMARY KEY (zone_id, role, minute)
) WITH (fillfactor = 80);
SELECT create_hypertable('coverage_minutes', by_range('minute', INTERVAL '30 days'));
COMMENT ON COLUMN coverage_minutes.short_us IS
    'Microseconds with gap_min above zero: staff was missing whoever the unidentified people were.';
COMMENT ON COLUMN coverage_minutes.maybe_short_us IS
    'Microseconds with gap_max above zero: staff may have been missing.';
