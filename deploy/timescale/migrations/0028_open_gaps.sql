-- Since when gaps are open, who stands in, and whether the counts of people agree. Rows from before
-- have none of it.

ALTER TABLE live.zone_occupancy
    ADD COLUMN least_required integer,
    ADD COLUMN possible_since timestamptz,
    ADD COLUMN sure_since timestamptz,
    ADD COLUMN is_watched boolean,
    ADD COLUMN people_low integer,
    ADD COLUMN people_high integer,
    ADD COLUMN disagreement integer,
    ADD COLUMN counts jsonb;
ALTER TABLE revised_zone_occupancy
    ADD COLUMN least_required integer,
    ADD COLUMN possible_since timestamptz,
    ADD COLUMN sure_since timestamptz,
    ADD COLUMN is_watched boolean,
    ADD COLUMN people_low integer,
    ADD COLUMN people_high integer,
    ADD COLUMN disagreement integer,
    ADD COLUMN counts jsonb;
ALTER TABLE live.coverage
    ADD COLUMN least_required integer,
    ADD COLUMN standing_in integer,
    ADD COLUMN substitutes jsonb,
    ADD COLUMN possible_since timestamptz,
    ADD COLUMN sure_since timestamptz;
ALTER TABLE revised_coverage
    ADD COLUMN least_required integer,
    ADD COLUMN standing_in integer,
    ADD COLUMN substitutes jsonb,
    ADD COLUMN possible_since timestamptz,
    ADD COLUMN sure_since timestamptz;
COMMENT ON COLUMN live.zone_occupancy.least_required IS
    'The least staff that may be required; less than required where a ratio relates to people who '
    'are not identified.';
COMMENT ON COLUMN live.zone_occupancy.possible_since IS
    'Since when staff may be missing, without a break of 30 s; null when none may be.';
COMMENT ON COLUMN live.zone_occupancy.sure_since IS
    'Since when staff are missing whoever the unidentified people are, or null.';
COMMENT ON COLUMN live.zone_occupancy.is_watched IS
    'False where the cameras that report do not see the zone: more people may be there, and no gap '
    'is sure.';
COMMENT ON COLUMN live.zone_occupancy.people_low IS
    'Least people by all ways of counting together.';
COMMENT ON COLUMN live.zone_occupancy.people_high IS 'Most of them; null where nothing says so.';
COMMENT ON COLUMN live.zone_occupancy.disagreement IS
    'People between the two counts that are farthest apart; 0 where all agree.';
COMMENT ON COLUMN live.zone_occupancy.counts IS
    'HEADS: people who are seen; FLOW: entries less exits; BADGES: badges whose carriers are there.';
COMMENT ON COLUMN live.coverage.least_required IS 'The least that may be required.';
COMMENT ON COLUMN live.coverage.standing_in IS 'Who of present_min has another role.';
COMMENT ON COLUMN live.coverage.substitutes IS 'Their own roles, and how many of each.';
COMMENT ON COLUMN live.coverage.possible_since IS
    'Since when some of the role may be missing, without a break of 30 s.';
COMMENT ON COLUMN live.coverage.sure_since IS
    'Since when some are missing whoever the unidentified people are, or null.';
COMMENT ON COLUMN live.coverage.present_max IS
    'Those, and everybody who is not identified; more may be there where the zone is not watched.';

-- The views over tables that a rebuild revises have the columns of their time.
DO $$
DECLARE
    part record;
    columns text;
    added text;
BEGIN
    FOR part IN
        SELECT * FROM (VALUES
            ('zone_occupancy', 'least_required, possible_since, sure_since, is_watched, people_low,'
                ' people_high, disagreement, counts'),
            ('coverage', 'least_required, standing_in, substitutes, possible_since, sure_since')
        ) AS t (name, added)
    LOOP
        SELECT string_agg('t.' || quote_ident(attname), ', ' ORDER BY attnum) INTO columns
        FROM pg_attribute
        WHERE attrelid = format('public.%I', part.name)::regclass AND attnum > 0;
        SELECT string_agg('t.' || trim(one), ', ') INTO added
        FROM unnest(string_to_array(part.added, ',')) AS one;
        EXECUTE format(
            'CREATE OR REPLACE VIEW public.%1$I AS'
            ' SELECT %2$s FROM live.%1$I AS t'
            ' WHERE NOT EXISTS (SELECT FROM revisions_in_force AS r WHERE %3$s)'
            ' UNION ALL'
            ' SELECT %2$s FROM %4$I AS t'
            ' WHERE EXISTS (SELECT FROM revisions_in_force AS r'
            '     WHERE r.revision = t.revision AND %3$s)'
            ' AND NOT EXISTS (SELECT FROM revisions_in_force AS r'
            '     WHERE r.revision > t.revision AND %3$s)',
            part.name,
            columns || ', ' || added,
            format(
                'r.table_name = %L AND r.key = t.zone_id AND t.as_of BETWEEN r.first AND r.last',
                part.name
            ),
            'revised_' || part.name
        );
    END LOOP;
END
$$;

CREATE VIEW gaps AS
WITH measured AS (
    SELECT
        zone_id,
        seq,
        as_of,
        least(lead(as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq), as_of + occupancy_holds())
            AS until,
        lead(as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq) IS NULL AS is_newest,
        possible_since,
        sure_since,
        gap_min,
        gap_max
    FROM zone_occupancy
), rows_of AS (
    SELECT
        zone_id, '' AS role, as_of, until, is_newest, possible_since, sure_since, gap_min, gap_max
    FROM measured
    UNION ALL
    SELECT
        c.zone_id, c.role, c.as_of, m.until, m.is_newest, c.possible_since, c.sure_since, c.gap_min,
        c.gap_max
    FROM coverage AS c
    JOIN measured AS m USING (zone_id, seq, as_of)
)
SELECT
    g.zone_id,
    coalesce(z.name, g.zone_id) AS zone_name,
    g.role,
    g.possible_since,
    min(g.sure_since) AS sure_since,
    CASE WHEN NOT bool_or(g.is_newest) THEN max(g.until) END AS ended_at,
    max(g.as_of) AS known_through,
    sum(g.until - g.as_of) AS possible_for,
    coalesce(sum(g.until - g.as_of) FILTER (WHERE g.gap_min > 0), INTERVAL '0') AS sure_for,
    max(g.gap_min) AS gap_min,
    max(g.gap_max) AS gap_max
FROM rows_of AS g
LEFT JOIN zones_now AS z USING (zone_id)
WHERE g.possible_since IS NOT NULL
GROUP BY g.zone_id, z.name, g.role, g.possible_since;
COMMENT ON VIEW gaps IS
    'Each gap of a zone (role is empty) and of a role in it: since when it was possible and sure, '
    'and for how long. A gap that was closed for less than 30 s is the same one, so possible_for '
    'may be less than its whole time. ended_at is null while it is open, as known_through says.';

CREATE VIEW count_disagreements AS
SELECT
    o.zone_id,
    coalesce(z.name, o.zone_id) AS zone_name,
    o.as_of,
    o.until,
    o.people,
    o.people_low,
    o.people_high,
    o.disagreement,
    o.counts
FROM (
    SELECT
        *,
        least(lead(as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq), as_of + occupancy_holds())
            AS until
    FROM zone_occupancy
) AS o
LEFT JOIN zones_now AS z USING (zone_id)
WHERE o.disagreement > 0;
COMMENT ON VIEW count_disagreements IS
    'When people who are seen, entries less exits and badges could not all be right, and how far '
    'apart they were.';
