-- The census to which requirements related, and whether it was believed. Rows from before have none.

ALTER TABLE live.zone_occupancy
    ADD COLUMN census_people integer,
    ADD COLUMN census_from timestamptz,
    ADD COLUMN census_is_believed boolean;
ALTER TABLE revised_zone_occupancy
    ADD COLUMN census_people integer,
    ADD COLUMN census_from timestamptz,
    ADD COLUMN census_is_believed boolean;
COMMENT ON COLUMN live.zone_occupancy.census_people IS
    'People to care for by the newest census; null where nobody had counted.';
COMMENT ON COLUMN live.zone_occupancy.census_from IS 'When that was counted.';
COMMENT ON COLUMN live.zone_occupancy.census_is_believed IS
    'False where it was missing or too old; null where no requirement related to one.';

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
        columns || ', t.census_people, t.census_from, t.census_is_believed',
        corrected
    );
END
$$;
