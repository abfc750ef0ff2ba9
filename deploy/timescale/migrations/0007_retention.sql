-- How long each table is kept. What has been dropped stays away: the sink ignores rows that are
-- older than dropped_before, so a topic that is read again cannot bring them back.

CREATE TABLE retention (
    table_name text PRIMARY KEY,
    time_column text NOT NULL,
    keep interval,
    dropped_before timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON COLUMN retention.keep IS 'Rows older than this are dropped; null keeps them for ever.';

INSERT INTO retention (table_name, time_column, keep) VALUES
    ('positions', 'at', INTERVAL '30 days'),
    ('tracks', 'started_at', INTERVAL '90 days'),
    ('zone_events', 'at', INTERVAL '400 days'),
    ('zone_occupancy', 'as_of', INTERVAL '90 days'),
    ('coverage', 'as_of', INTERVAL '90 days'),
    ('occupancy_minutes', 'minute', INTERVAL '1830 days'),
    ('coverage_minutes', 'minute', INTERVAL '1830 days');

CREATE FUNCTION drop_expired(now_at timestamptz)
RETURNS TABLE (expired_table text, dropped_chunks bigint, deleted_rows bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    rule retention%ROWTYPE;
    cutoff timestamptz;
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
        UPDATE retention SET dropped_before = cutoff WHERE table_name = rule.table_name;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION drop_expired(timestamptz) IS
    'Drop what is older than its table''s retention at now_at; safe at any time and as often as '
    'one likes.';
