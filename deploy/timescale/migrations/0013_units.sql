-- The units in which rights are held: which floors and zones are in which ward, department and site.

CREATE TABLE units (
    unit_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    name text NOT NULL,
    site text NOT NULL,
    department text NOT NULL,
    floor_ids text[] NOT NULL,
    zone_ids text[] NOT NULL,
    neighbour_ids text[] NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (unit_id, version)
);
COMMENT ON TABLE units IS 'Units, such as wards: a zone is in the unit that lists it, else in that of its floor.';
COMMENT ON COLUMN units.neighbour_ids IS 'Units that one walks to without passing another.';
