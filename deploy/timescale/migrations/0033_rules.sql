-- Rules of alerts: what is a breach, how long it must last, and who is to do what.

CREATE TABLE rules (
    rule_id text NOT NULL,
    version integer NOT NULL,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    recorded_by text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    zone_ids text[] NOT NULL,
    floor_ids text[] NOT NULL,
    one_per text NOT NULL,
    roles text[] NOT NULL,
    shift_statuses text[] NOT NULL,
    bound text NOT NULL,
    threshold integer NOT NULL,
    close_at integer,
    open_after_s integer NOT NULL,
    close_after_s integer NOT NULL,
    repeat_after_s integer NOT NULL,
    suppress_s integer NOT NULL,
    deduplication_key text NOT NULL,
    schedule jsonb NOT NULL,
    time_zone text NOT NULL,
    tier text NOT NULL,
    owner text NOT NULL,
    next_action text NOT NULL,
    escalate_after_s integer,
    escalate_to text NOT NULL,
    stage text NOT NULL,
    pilot_unit_ids text[] NOT NULL,
    min_confidence double precision NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (rule_id, version)
);
COMMENT ON TABLE rules IS 'Rules of alerts, one row per version.';
COMMENT ON COLUMN rules.threshold IS
    'The figure from which on it is a breach; of OVER_CAPACITY the most people, of DWELL seconds.';
COMMENT ON COLUMN rules.schedule IS 'Weekly windows of local time; an empty list is always.';
COMMENT ON COLUMN rules.time_zone IS 'Empty: that of each floor.';

CREATE VIEW registry.rules AS SELECT * FROM registry.newest WHERE kind = 'rule' AND NOT removed;
