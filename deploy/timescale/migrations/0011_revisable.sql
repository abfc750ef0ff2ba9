-- Lets a later migration make its table one that a rebuild can revise: it creates the table and its
-- twin, `CREATE TABLE revised_<name> (LIKE <name>, revision integer NOT NULL)`, and calls this.

CREATE FUNCTION make_revisable(table_name text, key_column text, time_column text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    columns text;
    covers text;
BEGIN
    EXECUTE format('ALTER TABLE public.%I SET SCHEMA live', table_name);
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = format('live.%I', table_name)::regclass AND attnum > 0 AND NOT attisdropped;
    covers := format(
        'r.table_name = %L AND r.key = t.%I AND t.%I BETWEEN r.first AND r.last',
        table_name, key_column, time_column
    );
    EXECUTE format(
        'CREATE VIEW public.%1$I AS'
        ' SELECT %2$s FROM live.%1$I AS t'
        ' WHERE NOT EXISTS (SELECT FROM revisions_in_force AS r WHERE %3$s)'
        ' UNION ALL'
        ' SELECT %2$s FROM %4$I AS t'
        ' WHERE EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision = t.revision AND %3$s)'
        ' AND NOT EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision > t.revision AND %3$s)',
        table_name, columns, covers, 'revised_' || table_name
    );
    EXECUTE format('COMMENT ON VIEW public.%I IS %L',
        table_name, obj_description(format('live.%I', table_name)::regclass, 'pg_class'));
END
$$;
COMMENT ON FUNCTION make_revisable IS
    'Moves a new table to schema live, and puts a view over it and its revised_ twin.';
