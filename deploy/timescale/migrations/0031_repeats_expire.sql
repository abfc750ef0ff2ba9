-- Answers that are kept for requests that come twice go after a day, also where nobody edits any more.

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
END
$$;
