-- Where readers of badges are, and whose badges are whose.

CREATE TABLE readers (
    reader_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    name text NOT NULL,
    floor_id text NOT NULL,
    x_m double precision,
    y_m double precision,
    range_m double precision,
    zone_id text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (reader_id, version)
);
COMMENT ON TABLE readers IS 'Readers of badges: with a position, or covering a zone.';

CREATE TABLE badges (
    badge_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    staff_ids text[] NOT NULL,
    held_from timestamptz,
    held_until timestamptz,
    digest bytea NOT NULL,
    PRIMARY KEY (badge_id, version)
);
COMMENT ON TABLE badges IS 'Badges by pseudonym, and whose they are.';
COMMENT ON COLUMN badges.held_from IS 'From when it is theirs; NULL: always was.';
COMMENT ON COLUMN badges.held_until IS 'Until when it is theirs, exclusive; NULL: for good.';

CREATE VIEW registry.readers AS SELECT * FROM registry.newest WHERE kind = 'reader' AND NOT removed;
CREATE VIEW registry.badges AS SELECT * FROM registry.newest WHERE kind = 'badge' AND NOT removed;
