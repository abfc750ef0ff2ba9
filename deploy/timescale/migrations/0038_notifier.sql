-- What the notifier remembers: in one transaction with how far it has read, so that whenever it is
-- killed it goes on as if it had not been.

CREATE SCHEMA notifier;

CREATE TABLE notifier.offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE notifier.offsets IS 'The first record of each partition that is not taken in.';

CREATE TABLE notifier.alerts (
    floor_id text NOT NULL,
    alert_id text NOT NULL,
    opened_us bigint NOT NULL,
    memory jsonb NOT NULL,
    PRIMARY KEY (floor_id, alert_id, opened_us)
);
COMMENT ON TABLE notifier.alerts IS
    'Alerts that are open, or of which somebody has still to be told; and who was told of each.';

CREATE TABLE notifier.actions (
    floor_id text NOT NULL,
    alert_id text NOT NULL,
    opened_us bigint NOT NULL,
    action jsonb NOT NULL,
    PRIMARY KEY (floor_id, alert_id, opened_us)
);
COMMENT ON TABLE notifier.actions IS 'What somebody did last about alerts that are not known yet.';

CREATE TABLE notifier.deliveries (
    receipt_key text PRIMARY KEY,
    destination text NOT NULL,
    message jsonb NOT NULL,
    members jsonb NOT NULL,
    tries integer NOT NULL,
    made_us bigint NOT NULL,
    due_us bigint NOT NULL
);
COMMENT ON TABLE notifier.deliveries IS 'Messages that are to be delivered.';

CREATE TABLE notifier.records (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition integer NOT NULL,
    record jsonb NOT NULL
);
COMMENT ON TABLE notifier.records IS 'Records of alert-actions.taken.v1 that are to be appended.';
