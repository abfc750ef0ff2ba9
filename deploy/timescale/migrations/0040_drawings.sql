-- Pictures that lie under the plans of floors. Which one lies where is a fact of the floor; the
-- pixels are here, by their digest, and go when no version that could come back names them.

ALTER TABLE floors ADD COLUMN drawing jsonb;

CREATE TABLE registry.drawings (
    floor_id text NOT NULL,
    sha256 text NOT NULL,
    image bytea NOT NULL,
    media_type text NOT NULL,
    width_px integer NOT NULL,
    height_px integer NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    PRIMARY KEY (floor_id, sha256)
);
ALTER TABLE registry.drawings ALTER COLUMN image SET STORAGE EXTERNAL; -- it is compressed already
COMMENT ON TABLE registry.drawings IS
    'Pictures of plans as they were drawn anew, without the bytes and metadata that were uploaded.';

-- From when on nothing names a picture that no floor shows; NULL for one that a floor shows.
CREATE VIEW registry.unused_drawings AS
WITH named AS (
    SELECT d.floor_id, d.sha256, d.uploaded_at,
           max(v.version) AS last_version
    FROM registry.drawings d
    LEFT JOIN registry.versions v
        ON v.kind = 'floor' AND v.id = d.floor_id AND v.record #>> '{drawing,sha256}' = d.sha256
    GROUP BY d.floor_id, d.sha256, d.uploaded_at
)
SELECT n.floor_id, n.sha256, n.last_version IS NOT NULL AS was_shown,
       CASE WHEN n.last_version IS NULL THEN n.uploaded_at
            ELSE greatest(e.at, n.uploaded_at) END AS since
FROM named n
LEFT JOIN registry.versions later
    ON later.kind = 'floor' AND later.id = n.floor_id AND later.version = n.last_version + 1
LEFT JOIN registry.edits e ON e.edit_id = later.edit_id
WHERE n.last_version IS NULL OR later.version IS NOT NULL;

CREATE OR REPLACE FUNCTION drop_expired(now_at timestamptz)
RETURNS TABLE (expired_table text, dropped_chunks bigint, deleted_rows bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = live, public, pg_temp
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
    DELETE FROM registry.idempotency WHERE at <= now_at - INTERVAL '1 day';
    GET DIAGNOSTICS deleted_rows = ROW_COUNT;
    IF deleted_rows > 0 THEN
        expired_table := 'registry.idempotency';
        dropped_chunks := 0;
        RETURN NEXT;
    END IF;
    -- A picture that was taken away can be brought back for 30 days; one that was uploaded and
    -- never saved waits for a day.
    DELETE FROM registry.drawings d USING registry.unused_drawings u
    WHERE d.floor_id = u.floor_id AND d.sha256 = u.sha256
      AND u.since <= now_at - CASE WHEN u.was_shown THEN INTERVAL '30 days' ELSE INTERVAL '1 day' END;
    GET DIAGNOSTICS deleted_rows = ROW_COUNT;
    IF deleted_rows > 0 THEN
        expired_table := 'registry.drawings';
        dropped_chunks := 0;
        RETURN NEXT;
    END IF;
END
$$;
