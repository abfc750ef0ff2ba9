-- The audit as rows, and its two questions: who has seen a person, and what has somebody seen.
-- audit.v1 is the truth: `wardstream audit verify` checks the topic, never this table.

CREATE TABLE audit_entries (
    at timestamptz NOT NULL,
    chain_id text NOT NULL,
    seq bigint NOT NULL,
    sha256 text NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    why text NOT NULL,
    detail text NOT NULL,
    client text NOT NULL,
    persons text[] NOT NULL,
    cameras text[] NOT NULL,
    floors text[] NOT NULL,
    shown_from timestamptz,
    shown_until timestamptz,
    digest bytea NOT NULL,
    PRIMARY KEY (chain_id, seq, sha256, at)
);
SELECT create_hypertable('audit_entries', by_range('at', INTERVAL '28 days'));
CREATE INDEX audit_entries_actor ON audit_entries (actor, at);
CREATE INDEX audit_entries_subject ON audit_entries (subject, at);
COMMENT ON TABLE audit_entries IS
    'Entries of audit.v1, each as it is on the log: one that came twice with other contents is two '
    'rows.';
COMMENT ON COLUMN audit_entries.why IS 'The purpose that the actor stated.';
COMMENT ON COLUMN audit_entries.persons IS 'People and members of staff who were shown one by one.';
COMMENT ON COLUMN audit_entries.shown_until IS
    'Null with shown_from for the moment of the act; null alone while a stream goes on.';

INSERT INTO retention (table_name, time_column, keep) VALUES
    ('audit_entries', 'at', INTERVAL '400 days');

-- Who saw what, with the stretch of event time that was shown. A stream has an entry when it opens
-- and one when it ends, with the same start; they are one row here. Where only the first is there, as
-- after a power cut, it is taken to have lasted for 12 hours at most: nobody is left out who may have
-- been seen.
CREATE VIEW audit_seen AS
SELECT
    e.at,
    e.actor,
    e.action,
    e.subject,
    e.why AS purpose,
    e.detail,
    e.client,
    e.persons,
    coalesce(ended.cameras, e.cameras) AS cameras,
    coalesce(ended.floors, e.floors) AS floors,
    coalesce(e.shown_from, e.at - INTERVAL '10 seconds') AS shown_from,
    CASE
        WHEN e.action <> 'stream.opened' THEN coalesce(e.shown_until, e.at)
        ELSE coalesce(ended.shown_until, least(now(), e.at + INTERVAL '12 hours'))
    END AS shown_until,
    e.action = 'stream.opened' AND ended.shown_until IS NULL AS may_go_on,
    e.chain_id,
    e.seq
FROM audit_entries AS e
LEFT JOIN LATERAL (
    SELECT s.shown_until, s.cameras, s.floors
    FROM audit_entries AS s
    WHERE s.actor = e.actor AND s.action = 'stream.closed' AND s.subject = e.subject
        AND s.shown_from = e.shown_from AND s.at >= e.at
    ORDER BY s.at
    LIMIT 1
) AS ended ON e.action = 'stream.opened'
WHERE e.action <> 'stream.closed'
    AND (e.persons <> '{}' OR e.cameras <> '{}' OR e.floors <> '{}');
COMMENT ON VIEW audit_seen IS
    'Entries that showed people one by one, with the time that was shown; a moment reaches 10 s '
    'back, as a live value does.';

CREATE VIEW who_has_seen AS
SELECT
    named.person_id,
    s.at,
    s.actor,
    s.action,
    s.purpose,
    s.client,
    s.subject,
    'named' AS how,
    s.chain_id,
    s.seq
FROM audit_seen AS s
CROSS JOIN LATERAL unnest(s.persons) AS named (person_id)
UNION ALL
SELECT
    there.person_id,
    s.at,
    s.actor,
    s.action,
    s.purpose,
    s.client,
    s.subject,
    there.how,
    s.chain_id,
    s.seq
FROM audit_seen AS s
CROSS JOIN LATERAL (
    SELECT DISTINCT
        ids.person_id,
        CASE WHEN p.floor_id = ANY (s.floors) THEN 'on the floor' ELSE 'before the camera' END AS how
    FROM positions AS p
    CROSS JOIN LATERAL (VALUES (p.person_id), (p.staff_id)) AS ids (person_id)
    WHERE p.at BETWEEN s.shown_from AND s.shown_until
        AND (p.floor_id = ANY (s.floors) OR p.camera_ids && s.cameras)
        AND ids.person_id IS NOT NULL
        AND ids.person_id <> ALL (s.persons)
) AS there
WHERE s.floors <> '{}' OR s.cameras <> '{}';
COMMENT ON VIEW who_has_seen IS
    'One row per entry and person who was shown: named in it, or by their positions on the floor or '
    'before the camera that was shown, then. Ask for one person_id: a pseudonym, or a member of '
    'staff. Positions are kept 30 days; after that only who was named is known.';

CREATE VIEW what_has_seen AS
SELECT
    s.actor,
    s.at,
    s.action,
    s.purpose,
    s.client,
    s.subject,
    s.shown_from,
    s.shown_until,
    s.may_go_on,
    s.cameras,
    s.floors,
    s.persons || coalesce(there.persons, '{}') AS persons,
    s.chain_id,
    s.seq
FROM audit_seen AS s
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT p.person_id ORDER BY p.person_id) AS persons
    FROM positions AS p
    WHERE p.at BETWEEN s.shown_from AND s.shown_until
        AND (p.floor_id = ANY (s.floors) OR p.camera_ids && s.cameras)
        AND p.person_id <> ALL (s.persons)
) AS there ON s.floors <> '{}' OR s.cameras <> '{}';
COMMENT ON VIEW what_has_seen IS
    'One row per entry that showed people one by one: by whom, why, and whom it showed. Ask for one '
    'actor.';
