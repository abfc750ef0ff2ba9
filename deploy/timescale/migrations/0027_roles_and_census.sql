-- For whom roles stand in, requirements that are ratios, and how many people there are to care for.
-- Requirements recorded before are numbers.

CREATE TABLE roles (
    role text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    covers text[] NOT NULL,
    priority integer,
    is_staff boolean NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (role, version)
);
COMMENT ON TABLE roles IS 'Roles: for which others they may stand in, and whether they are staff''s.';
COMMENT ON COLUMN roles.priority IS '1 is the most urgent; NULL comes after all that have one.';

CREATE TABLE census (
    census_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    zone_id text NOT NULL,
    people integer NOT NULL,
    starts_at timestamptz NOT NULL,
    time_zone text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (census_id, version)
);
CREATE INDEX ON census (zone_id, starts_at);
COMMENT ON TABLE census IS 'How many people there were to care for in a zone, as somebody counted.';
COMMENT ON COLUMN census.starts_at IS 'From when that holds, until the next count of the zone.';

ALTER TABLE requirements
    ADD COLUMN basis text NOT NULL DEFAULT 'FIXED',
    ADD COLUMN per integer NOT NULL DEFAULT 0,
    ADD COLUMN at_least integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN requirements.basis IS
    'CENSUS and PRESENT make it a ratio to the newest census, or to who is present and no staff.';
COMMENT ON COLUMN requirements.per IS 'People for whom count are required; 0 without a basis.';
COMMENT ON COLUMN requirements.at_least IS 'Required however few there are; 0 without a basis.';

CREATE VIEW registry.roles AS SELECT * FROM registry.newest WHERE kind = 'role' AND NOT removed;
CREATE VIEW registry.census AS SELECT * FROM registry.newest WHERE kind = 'census' AND NOT removed;
