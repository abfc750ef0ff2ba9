-- People whom several cameras see: how sure their positions are, and whom a link joins. Rows from
-- before have neither.

ALTER TABLE live.positions
    ADD COLUMN position_sd_m double precision, ADD COLUMN height_m double precision;
ALTER TABLE revised_positions
    ADD COLUMN position_sd_m double precision, ADD COLUMN height_m double precision;
COMMENT ON COLUMN live.positions.position_sd_m IS
    'Standard deviation of a fused position, m; null for a person of one camera.';
COMMENT ON COLUMN live.positions.height_m IS
    'Height of a fused person, m; null for a person of one camera.';
ALTER TABLE live.links ADD COLUMN distance_m double precision;
ALTER TABLE revised_links ADD COLUMN distance_m double precision;
COMMENT ON COLUMN live.links.kind IS
    'REIDENTIFICATION: seen again. HAND_OVER: came out of a passage. MERGE: both were one person, '
    'and from then on the earlier id is used. SPLIT: they are two.';
COMMENT ON COLUMN live.links.to_camera_id IS
    'Camera of the later track, or one that sees the later person of a fused floor.';
COMMENT ON COLUMN live.links.distance_m IS
    'Between these two on the floor, m, or the farthest that the two were apart.';
COMMENT ON COLUMN live.zone_events.kind IS
    'ENTERED, LEFT or DWELL_EXCEEDED; WITHDRAWN: the event that it corrects did not happen.';

-- The views over tables that a rebuild revises have the columns of their time.
DO $$
DECLARE
    part record;
    columns text;
    added text;
BEGIN
    FOR part IN
        SELECT * FROM (VALUES
            ('positions', 'position_sd_m, height_m'), ('links', 'distance_m')
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
                'r.table_name = %L AND r.key = t.%I AND t.as_of BETWEEN r.first AND r.last',
                part.name,
                CASE part.name WHEN 'links' THEN 'to_camera_id' ELSE 'floor_id' END
            ),
            'revised_' || part.name
        );
    END LOOP;
END
$$;

CREATE OR REPLACE VIEW zone_events_in_force AS
SELECT e.*
FROM zone_events AS e
WHERE e.kind <> 'WITHDRAWN'
    AND NOT EXISTS (
        SELECT FROM zone_events AS c WHERE c.zone_id = e.zone_id AND c.corrects = e.seq
    );

-- A link leads from a later id to an earlier one, so a walk from link to link comes to an end.
CREATE VIEW person_chains AS
WITH RECURSIVE steps AS (
    SELECT l.to_person_id AS person_id, l.from_person_id AS chain_id, l.score, 1 AS links
    FROM links AS l
    WHERE l.kind IN ('REIDENTIFICATION', 'HAND_OVER', 'MERGE')
    UNION
    SELECT s.person_id, l.from_person_id, least(s.score, l.score), s.links + 1
    FROM steps AS s
    JOIN links AS l ON l.to_person_id = s.chain_id
    WHERE l.kind IN ('REIDENTIFICATION', 'HAND_OVER', 'MERGE')
)
SELECT DISTINCT ON (person_id) person_id, chain_id, score AS least_score, links
FROM steps
ORDER BY person_id, links DESC;
COMMENT ON VIEW person_chains IS
    'The earliest id of each person who continues another one, over all links between; least_score '
    'is that of the weakest link. Who continues nobody has no row.';

CREATE VIEW zone_visits AS
WITH stays AS (
    SELECT s.*, coalesce(c.chain_id, s.person_id) AS chain_id
    FROM zone_stays AS s
    LEFT JOIN person_chains AS c USING (person_id)
), numbered AS (
    SELECT
        *,
        count(*) FILTER (WHERE begins) OVER (
            PARTITION BY zone_id, chain_id ORDER BY entered_at, person_id
        ) AS visit
    FROM (
        SELECT
            *,
            coalesce(person_id = lag(person_id) OVER chain, true)
                OR coalesce(entered_at > lag(left_at) OVER chain + INTERVAL '1 minute', false)
                AS begins
        FROM stays
        WINDOW chain AS (PARTITION BY zone_id, chain_id ORDER BY entered_at, person_id)
    ) AS s
)
SELECT
    zone_id,
    min(zone_name) AS zone_name,
    min(floor_id) AS floor_id,
    chain_id,
    array_agg(person_id ORDER BY entered_at, person_id) AS person_ids,
    min(entered_at) AS entered_at,
    CASE WHEN bool_and(left_at IS NOT NULL) THEN max(left_at) END AS left_at,
    CASE WHEN bool_and(left_at IS NOT NULL) THEN max(left_at) - min(entered_at) END AS dwell,
    bool_or(dwell_exceeded) AS dwell_exceeded
FROM numbered
GROUP BY zone_id, chain_id, visit;
COMMENT ON VIEW zone_visits IS
    'Stays in a zone with the links applied: one row per visit of a person, who may have had several '
    'ids meanwhile. A stay under a new id within a minute goes on with the visit.';
