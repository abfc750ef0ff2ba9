-- What the sink has written already, so that a record that comes twice is written once.

CREATE EXTENSION IF NOT EXISTS timescaledb;

CREATE TABLE sink_source (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    topic_prefix text NOT NULL
);
COMMENT ON TABLE sink_source IS
    'The run whose topics fill this database; a run with another prefix has a database of its own.';

CREATE TABLE sink_progress (
    topic text NOT NULL,
    key text NOT NULL,
    seq bigint NOT NULL,
    records bigint NOT NULL,
    missing bigint NOT NULL,
    recent bytea NOT NULL,
    chain bytea NOT NULL,
    PRIMARY KEY (topic, key)
) WITH (fillfactor = 50);
COMMENT ON TABLE sink_progress IS
    'Last seq of each key that is in the tables; moves in the transaction that writes the rows.';
COMMENT ON COLUMN sink_progress.seq IS 'Last seq written; what is not above it is dropped.';
COMMENT ON COLUMN sink_progress.records IS 'Records written.';
COMMENT ON COLUMN sink_progress.missing IS 'Seqs that never came, because the topic had expired them.';
COMMENT ON COLUMN sink_progress.recent IS
    'Digests of the last consecutive records, 8 bytes each, the newest last: tells a duplicate '
    'from a record with the same seq and other bytes.';
COMMENT ON COLUMN sink_progress.chain IS
    'Digest over all records written, in their order: equal to that of the topic exactly when '
    'every record was written once.';
