-- What people edit, and the facts that are on their way to the topics. The tables that the sink
-- fills from the topics stay projections of them; nothing is edited there.

CREATE SCHEMA registry;

-- Whose topics these facts are in, from when on this schema holds all of them.
CREATE TABLE registry.taken_over (
    topic_prefix text PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    facts bigint NOT NULL
);
CREATE UNIQUE INDEX ON registry.taken_over ((true));

-- One edit: all of its versions take effect together, or none does. Ids rise in the order in which
-- edits are committed; a gap is an edit that was refused.
CREATE TABLE registry.edits (
    edit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    author text NOT NULL,
    author_name text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    via text NOT NULL,
    note text NOT NULL DEFAULT '',
    reverses bigint REFERENCES registry.edits
);
COMMENT ON COLUMN registry.edits.author IS 'The authenticated subject, or the user of a command.';
COMMENT ON COLUMN registry.edits.author_name IS
    'Name of the author at the time, as the login gave it; for those who read the history.';
COMMENT ON COLUMN registry.edits.via IS 'api, command, or takeover of what the topics held.';
COMMENT ON COLUMN registry.edits.reverses IS 'The edit that this one undoes.';

-- Every version of every fact. A time that is NULL is that of the edit in the outbox.
CREATE TABLE registry.versions (
    kind text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    record jsonb NOT NULL,
    removed boolean NOT NULL,
    edited_by text NOT NULL,
    edit_id bigint NOT NULL REFERENCES registry.edits,
    position integer NOT NULL,
    valid_from_us bigint,
    recorded_at_us bigint,
    PRIMARY KEY (kind, id, version)
);
CREATE UNIQUE INDEX versions_of_an_edit ON registry.versions (edit_id, position);
COMMENT ON COLUMN registry.versions.record IS 'The fields of the fact, without version and times.';
COMMENT ON COLUMN registry.versions.position IS 'Place within the edit, and in the topics.';

-- The edits that the relay appends to the topics, in their order.
CREATE TABLE registry.outbox (
    edit_id bigint PRIMARY KEY REFERENCES registry.edits,
    recorded_at_us bigint,
    append_by_us bigint,
    payload bytea,
    attempts integer NOT NULL DEFAULT 0,
    appended_at timestamptz
);
ALTER TABLE registry.outbox ALTER COLUMN payload SET STORAGE EXTERNAL; -- it is read at once, and deleted
CREATE INDEX outbox_waiting ON registry.outbox (edit_id) WHERE appended_at IS NULL;
COMMENT ON COLUMN registry.outbox.recorded_at_us IS
    'Fixed just before the first append, with the bytes of the records: what is repeated is equal.';
COMMENT ON COLUMN registry.outbox.payload IS
    'The records as they are appended; NULL before the first append, and after the last.';
COMMENT ON COLUMN registry.outbox.append_by_us IS
    'After this time nothing is appended with these bytes; NULL where the time was given.';

CREATE VIEW registry.facts AS
SELECT v.kind, v.id, v.version, v.record, v.removed, v.edited_by, v.edit_id, v.position,
       e.at AS edited_at, e.author_name AS edited_by_name, o.appended_at,
       coalesce(v.recorded_at_us, o.recorded_at_us) AS recorded_at_us,
       coalesce(v.valid_from_us, v.recorded_at_us, o.recorded_at_us) AS valid_from_us
FROM registry.versions v
JOIN registry.edits e USING (edit_id)
LEFT JOIN registry.outbox o USING (edit_id);
COMMENT ON VIEW registry.facts IS
    'Every version with its times; recorded_at_us is NULL until the relay first appends it.';

CREATE VIEW registry.newest AS
SELECT DISTINCT ON (kind, id) * FROM registry.facts ORDER BY kind, id, version DESC;

CREATE VIEW registry.cameras AS SELECT * FROM registry.newest WHERE kind = 'camera' AND NOT removed;
CREATE VIEW registry.floors AS SELECT * FROM registry.newest WHERE kind = 'floor' AND NOT removed;
CREATE VIEW registry.units AS SELECT * FROM registry.newest WHERE kind = 'unit' AND NOT removed;
CREATE VIEW registry.zones AS SELECT * FROM registry.newest WHERE kind = 'zone' AND NOT removed;
CREATE VIEW registry.staff AS SELECT * FROM registry.newest WHERE kind = 'staff' AND NOT removed;
CREATE VIEW registry.shifts AS SELECT * FROM registry.newest WHERE kind = 'shift' AND NOT removed;
CREATE VIEW registry.requirements AS
SELECT * FROM registry.newest WHERE kind = 'requirement' AND NOT removed;

-- Names of staff by pseudonym, sealed: no topic, log or other table holds them. They go with the
-- removal of the member of staff.
CREATE TABLE registry.staff_names (
    staff_id text PRIMARY KEY,
    sealed bytea NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

-- Addresses of cameras' streams, which hold passwords, sealed under WARDSTREAM_REGISTRY__ADDRESS_KEY.
-- They go with the removal of their camera: one that is registered again begins without an address.
CREATE TABLE registry.stream_addresses (
    camera_id text PRIMARY KEY,
    sealed bytea NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

-- Answers to requests that carried an idempotency key.
CREATE TABLE registry.idempotency (
    subject text NOT NULL,
    key text NOT NULL,
    request_sha256 text NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}',
    body bytea NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (subject, key)
);
CREATE INDEX idempotency_by_age ON registry.idempotency (at);
