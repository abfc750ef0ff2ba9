-- When the longest of the stays that went on began. Rows from before say nothing about it.

ALTER TABLE live.zone_occupancy ADD COLUMN longest_since timestamptz;
ALTER TABLE revised_zone_occupancy ADD COLUMN longest_since timestamptz;
COMMENT ON COLUMN live.zone_occupancy.longest_since IS
    'When the longest of the stays that went on began; null where nobody was there.';

-- The view over a table that a rebuild revises has the columns of its time.
DO $$
DECLARE
    columns text;
    corrected text := 'r.table_name = ''zone_occupancy'' AND r.key = t.zone_id'
        ' AND t.as_of BETWEEN r.first AND r.last';
BEGIN
    SELECT string_agg('t.' || quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = 'public.zone_occupancy'::regclass AND attnum > 0;
    EXECUTE format(
        'CREATE OR REPLACE VIEW public.zone_occupancy AS'
        ' SELECT %1$s FROM live.zone_occupancy AS t'
        ' WHERE NOT EXISTS (SELECT FROM revisions_in_force AS r WHERE %2$s)'
        ' UNION ALL'
        ' SELECT %1$s FROM revised_zone_occupancy AS t'
        ' WHERE EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision = t.revision AND %2$s)'
        ' AND NOT EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision > t.revision AND %2$s)',
        columns || ', t.longest_since',
        corrected
    );
END
$$;
