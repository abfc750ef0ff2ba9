-- What was done about alerts of zones and floors: by people on the board, and by the notifier.

CREATE TABLE alert_actions (
    taken_at timestamptz NOT NULL,
    floor_id text NOT NULL,
    action_id text NOT NULL,
    alert_id text NOT NULL,
    opened_at timestamptz NOT NULL,
    action text NOT NULL,
    decided_at timestamptz NOT NULL,
    tier text NOT NULL,
    rule_id text NOT NULL,
    zone_id text NOT NULL,
    taken_by text NOT NULL,
    reason text,
    until timestamptz,
    occasion text,
    owner text NOT NULL,
    destination text NOT NULL,
    receipt_key text NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (floor_id, action_id, taken_at)
);
SELECT create_hypertable('alert_actions', by_range('taken_at', INTERVAL '28 days'));
CREATE INDEX alert_actions_by_alert ON alert_actions (floor_id, alert_id, opened_at);
COMMENT ON TABLE alert_actions IS
    'What was done about alerts: acknowledged, snoozed, resolved, delivered, escalated.';
COMMENT ON COLUMN alert_actions.action_id IS
    'An action that was appended twice has two rows of one id: count distinct ids.';
COMMENT ON COLUMN alert_actions.opened_at IS 'With alert_id, the alert in zone_alerts.';
COMMENT ON COLUMN alert_actions.decided_at IS
    'as_of of the decision in zone_alerts that it rests on.';
COMMENT ON COLUMN alert_actions.taken_by IS 'Subject of the login; empty where a process did it.';
COMMENT ON COLUMN alert_actions.owner IS 'Whom a message or an escalation is for.';
INSERT INTO retention (table_name, time_column, keep) VALUES
    ('alert_actions', 'taken_at', INTERVAL '400 days');
