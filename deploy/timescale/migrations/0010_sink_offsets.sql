-- How far each partition is in the tables, in the database itself. Kafka remembers it too, but a
-- database that an older copy has replaced (a standby that was behind, a dump) lacks rows that the
-- offsets in Kafka claim: what is noted here goes back with the rows, so the sink reads from there.

CREATE TABLE sink_offsets (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE sink_offsets IS
    'Everything below this offset of a partition is in the tables; moves in the transaction that '
    'writes the rows.';
COMMENT ON COLUMN sink_offsets.next_offset IS 'The sink reads from here, if Kafka has it further on.';
