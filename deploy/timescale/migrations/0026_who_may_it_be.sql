-- People of whom something is known: whom they may be, what that rests on, and what the shifts say.
-- Rows from before have nothing of it.

ALTER TABLE live.positions
    ADD COLUMN candidate_ids text[], ADD COLUMN candidate_confidences double precision[],
    ADD COLUMN role_evidence text[], ADD COLUMN duty_status text;
ALTER TABLE revised_positions
    ADD COLUMN candidate_ids text[], ADD COLUMN candidate_confidences double precision[],
    ADD COLUMN role_evidence text[], ADD COLUMN duty_status text;
COMMENT ON COLUMN live.positions.candidate_ids IS
    'Members of staff whom the person may be, the likeliest first; empty where nobody is known.';
COMMENT ON COLUMN live.positions.candidate_confidences IS
    'Probability of each of candidate_ids, 0 to 1.';
COMMENT ON COLUMN live.positions.role_evidence IS
    'Kinds of evidence that the role rests on, such as BADGE; empty where it is unknown.';
COMMENT ON COLUMN live.positions.duty_status IS
    'ON_SHIFT, ON_BREAK, EARLY, LATE, OFF_SHIFT, NOT_EXPECTED in this zone, VISITOR or UNKNOWN.';

-- The view over the table has the columns of its time.
DO $$
DECLARE
    columns text;
    condition text := 'r.table_name = ''positions'' AND r.key = t.floor_id'
        ' AND t.as_of BETWEEN r.first AND r.last';
BEGIN
    SELECT string_agg('t.' || quote_ident(attname), ', ' ORDER BY attnum) INTO columns
    FROM pg_attribute
    WHERE attrelid = 'public.positions'::regclass AND attnum > 0;
    columns := columns
        || ', t.candidate_ids, t.candidate_confidences, t.role_evidence, t.duty_status';
    EXECUTE format(
        'CREATE OR REPLACE VIEW public.positions AS'
        ' SELECT %1$s FROM live.positions AS t'
        ' WHERE NOT EXISTS (SELECT FROM revisions_in_force AS r WHERE %2$s)'
        ' UNION ALL'
        ' SELECT %1$s FROM revised_positions AS t'
        ' WHERE EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision = t.revision AND %2$s)'
        ' AND NOT EXISTS (SELECT FROM revisions_in_force AS r'
        '     WHERE r.revision > t.revision AND %2$s)',
        columns,
        condition
    );
END
$$;
