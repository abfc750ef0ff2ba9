-- What the line wrote stays as it is, in the schema `live`. What a rebuild found otherwise lies beside
-- it, with the stretch of time for which it holds. Under the names of old, analysts read both as one:
-- the newest revision in force where one holds, the line elsewhere.

CREATE SCHEMA live;
COMMENT ON SCHEMA live IS 'What the line wrote; only the sink changes it.';

CREATE TABLE revisions (
    revision integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    state text NOT NULL CHECK (state IN ('FOLDING', 'IN_FORCE', 'TAKEN_BACK')),
    request text NOT NULL,
    run_prefix text NOT NULL,
    plan jsonb NOT NULL,
    summary jsonb,
    begun_at timestamptz NOT NULL,
    begun_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    why text NOT NULL DEFAULT ''
);
COMMENT ON TABLE revisions IS 'Every rebuild that was swapped in, and one that is under way.';
COMMENT ON COLUMN revisions.run_prefix IS 'Leads the topics that hold the rebuilt records.';
COMMENT ON COLUMN revisions.plan IS 'What is folded, from where to where.';
COMMENT ON COLUMN revisions.summary IS 'Rows changed, added and removed, by table.';

CREATE TABLE revision_folds (
    revision integer NOT NULL,
    partition integer NOT NULL,
    outcome jsonb NOT NULL,
    PRIMARY KEY (revision, partition)
);
COMMENT ON TABLE revision_folds IS 'Partitions that a rebuild under way has folded.';

CREATE TABLE revision_ranges (
    revision integer NOT NULL,
    table_name text NOT NULL,
    key text NOT NULL,
    first timestamptz NOT NULL,
    last timestamptz NOT NULL,
    through_seq bigint NOT NULL,
    PRIMARY KEY (revision, table_name, key)
);
COMMENT ON TABLE revision_ranges IS
    'Where a revision holds: a table, a zone, floor or camera, and times, both included.';
COMMENT ON COLUMN revision_ranges.through_seq IS
    'A track whose row has a higher seq went on after what was rebuilt, and stays as the line has it.';

CREATE TABLE revised_tracks (LIKE tracks, revision integer NOT NULL);
CREATE INDEX ON revised_tracks (camera_id, started_at);
CREATE TABLE revised_positions (LIKE positions, revision integer NOT NULL);
CREATE INDEX ON revised_positions (floor_id, as_of);
CREATE TABLE revised_links (LIKE links, revision integer NOT NULL);
CREATE INDEX ON revised_links (to_camera_id, as_of);
CREATE TABLE revised_zone_events (LIKE zone_events, revision integer NOT NULL);
CREATE INDEX ON revised_zone_events (zone_id, as_of);
CREATE TABLE revised_zone_occupancy (LIKE zone_occupancy, revision integer NOT NULL);
CREATE INDEX ON revised_zone_occupancy (zone_id, as_of);
CREATE TABLE revised_coverage (LIKE coverage, revision integer NOT NULL);
CREATE INDEX ON revised_coverage (zone_id, as_of);
CREATE TABLE revised_occupancy_minutes (LIKE occupancy_minutes, revision integer NOT NULL);
CREATE INDEX ON revised_occupancy_minutes (zone_id, minute);
CREATE TABLE revised_coverage_minutes (LIKE coverage_minutes, revision integer NOT NULL);
CREATE INDEX ON revised_coverage_minutes (zone_id, minute);

CREATE VIEW revisions_in_force AS
SELECT r.*
FROM revision_ranges AS r
JOIN revisions AS v USING (revision)
WHERE v.state = 'IN_FORCE';
COMMENT ON VIEW revisions_in_force IS 'Where which revision holds now.';

DO $$
DECLARE
    part record;
    columns text;
    covers text;
    through text;
    gone_on text;
    remark text;
BEGIN
    FOR part IN
        SELECT * FROM (VALUES
            ('tracks', 'camera_id', 'started_at'),
            ('positions', 'floor_id', 'as_of'),
            ('links', 'to_camera_id', 'as_of'),
            ('zone_events', 'zone_id', 'as_of'),
            ('zone_occupancy', 'zone_id', 'as_of'),
            ('coverage', 'zone_id', 'as_of'),
            ('occupancy_minutes', 'zone_id', 'minute'),
            ('coverage_minutes', 'zone_id', 'minute')
        ) AS t (name, key, time)
    LOOP
        EXECUTE format('ALTER TABLE public.%I SET SCHEMA live', part.name);
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
        FROM pg_attribute
        WHERE attrelid = format('live.%I', part.name)::regclass AND attnum > 0 AND NOT attisdropped;
        covers := format(
            'r.table_name = %L AND r.key = t.%I AND t.%I BETWEEN r.first AND r.last',
            part.name, part.key, part.time
        );
        through := '';
        gone_on := '';
        IF part.name = 'tracks' THEN
            through := ' AND t.seq <= r.through_seq';
            gone_on :=
                ' AND NOT EXISTS (SELECT FROM live.tracks AS o WHERE o.camera_id = t.camera_id'
                ' AND o.track_id = t.track_id AND o.started_at = t.started_at'
                ' AND o.seq > r.through_seq)';
        END IF;
        EXECUTE format(
            'CREATE VIEW public.%1$I AS'
            ' SELECT %2$s FROM live.%1$I AS t'
            ' WHERE NOT EXISTS (SELECT FROM revisions_in_force AS r WHERE %3$s%4$s)'
            ' UNION ALL'
            ' SELECT %2$s FROM %5$I AS t'
            ' WHERE EXISTS (SELECT FROM revisions_in_force AS r'
            '     WHERE r.revision = t.revision AND %3$s%6$s)'
            ' AND NOT EXISTS (SELECT FROM revisions_in_force AS r'
            '     WHERE r.revision > t.revision AND %3$s)',
            part.name, columns, covers, through, 'revised_' || part.name, gone_on
        );
        remark := coalesce(obj_description(format('live.%I', part.name)::regclass, 'pg_class'), '');
        EXECUTE format('COMMENT ON VIEW public.%I IS %L', part.name, remark);
    END LOOP;
END
$$;

-- The views of before go on under their names and columns, over the revised ones.
DO $$
DECLARE
    old record;
BEGIN
    FOR old IN
        SELECT DISTINCT v.oid, v.relname
        FROM pg_class AS v
        JOIN pg_rewrite AS w ON w.ev_class = v.oid
        JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        JOIN pg_class AS t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
        WHERE v.relkind = 'v'
            AND v.relnamespace = 'public'::regnamespace
            AND t.relnamespace = 'live'::regnamespace
            AND NOT EXISTS (
                SELECT FROM pg_class AS l
                WHERE l.relnamespace = 'live'::regnamespace AND l.relname = v.relname
            )
        ORDER BY v.oid
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE VIEW public.%I AS %s',
            old.relname, regexp_replace(pg_get_viewdef(old.oid), '\mlive\.', 'public.', 'g')
        );
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION drop_expired(now_at timestamptz)
RETURNS TABLE (expired_table text, dropped_chunks bigint, deleted_rows bigint)
LANGUAGE plpgsql
SET search_path = live, public
AS $$
DECLARE
    rule retention%ROWTYPE;
    cutoff timestamptz;
    revised text;
BEGIN
    -- The lock makes a running batch end first, and the next one see the new limit.
    FOR rule IN SELECT * FROM retention WHERE keep IS NOT NULL ORDER BY table_name FOR UPDATE LOOP
        cutoff := now_at - rule.keep;
        CONTINUE WHEN cutoff <= rule.dropped_before;
        expired_table := rule.table_name;
        SELECT count(*) INTO dropped_chunks
        FROM drop_chunks(rule.table_name::regclass, older_than => cutoff);
        -- The chunk that the limit cuts through holds older rows still.
        EXECUTE format('DELETE FROM %I WHERE %I < $1', rule.table_name, rule.time_column)
        USING cutoff;
        GET DIAGNOSTICS deleted_rows = ROW_COUNT;
        revised := 'revised_' || rule.table_name;
        IF to_regclass(quote_ident(revised)) IS NOT NULL THEN
            EXECUTE format('DELETE FROM %I WHERE %I < $1', revised, rule.time_column) USING cutoff;
        END IF;
        UPDATE retention SET dropped_before = cutoff WHERE table_name = rule.table_name;
        RETURN NEXT;
    END LOOP;
END
$$;
