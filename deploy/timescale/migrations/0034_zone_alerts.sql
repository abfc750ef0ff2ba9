-- What the rules of alerts decided: one row for each decision. Which alerts were open at a moment is
-- what the newest decision about each says.

CREATE TABLE zone_alerts (
    as_of timestamptz NOT NULL,
    floor_id text NOT NULL,
    seq bigint NOT NULL,
    alert_id text NOT NULL,
    opened_at timestamptz NOT NULL,
    action text NOT NULL,
    cause text NOT NULL,
    since timestamptz NOT NULL,
    rule_id text NOT NULL,
    rule_version integer NOT NULL,
    rule_name text NOT NULL,
    kind text NOT NULL,
    tier text NOT NULL,
    owner text NOT NULL,
    next_action text NOT NULL,
    stage text NOT NULL,
    pilot_unit_ids text[] NOT NULL,
    zone_id text NOT NULL,
    role text NOT NULL,
    person_ids text[] NOT NULL,
    camera_ids text[] NOT NULL,
    figure_min integer NOT NULL,
    figure_max integer NOT NULL,
    threshold integer NOT NULL,
    confidence double precision NOT NULL,
    is_stale boolean NOT NULL,
    pages boolean NOT NULL,
    held_back_by text[] NOT NULL,
    suppressed integer NOT NULL,
    evidence jsonb NOT NULL,
    escalate_after_s integer,
    escalate_to text NOT NULL,
    inputs_through timestamptz NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (floor_id, alert_id, seq, as_of)
);
SELECT create_hypertable('zone_alerts', by_range('as_of', INTERVAL '28 days'));
CREATE INDEX zone_alerts_by_zone ON zone_alerts (zone_id, as_of);
COMMENT ON TABLE zone_alerts IS
    'Decisions about alerts of zones and floors: opened, changed and closed, by rule.';
COMMENT ON COLUMN zone_alerts.opened_at IS 'With alert_id, the identity of one alert.';
COMMENT ON COLUMN zone_alerts.since IS 'Since when it was a breach of the rule.';
COMMENT ON COLUMN zone_alerts.zone_id IS 'Empty for an alert of a whole floor.';
COMMENT ON COLUMN zone_alerts.figure_min IS
    'Least that the figure of the rule may have been: staff missing, people or cameras.';
COMMENT ON COLUMN zone_alerts.pages IS 'False where it stayed on the board; held_back_by says why.';
COMMENT ON COLUMN zone_alerts.suppressed IS
    'Breaches that were not reported since the alert had been closed before.';
COMMENT ON COLUMN zone_alerts.evidence IS 'Records that it rests on: topic, key and as_of_us.';
INSERT INTO retention (table_name, time_column, keep) VALUES
    ('zone_alerts', 'as_of', INTERVAL '400 days');

CREATE TABLE revised_zone_alerts (LIKE zone_alerts, revision integer NOT NULL);
CREATE INDEX ON revised_zone_alerts (floor_id, as_of);
SELECT make_revisable('zone_alerts', 'floor_id', 'as_of');
