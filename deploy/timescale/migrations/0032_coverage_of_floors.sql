-- Coverage of whole floors: who is in any of a floor's zones, once, against what these need together.
-- Its rows also say until when a floor was looked at, so `staffing` judges zones as the board does.

CREATE TABLE floor_coverage (
    at timestamptz NOT NULL,
    floor_id text NOT NULL,
    role text NOT NULL,
    as_of timestamptz NOT NULL,
    present_min integer,
    present_max integer,
    scheduled integer NOT NULL,
    required integer NOT NULL,
    gap_min integer NOT NULL,
    gap_max integer NOT NULL,
    least_required integer,
    standing_in integer,
    substitutes jsonb,
    possible_since timestamptz,
    sure_since timestamptz,
    is_watched boolean,
    cameras_missing text[],
    seq bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (floor_id, role, at)
);
SELECT create_hypertable('floor_coverage', by_range('at', INTERVAL '7 days'));
CREATE INDEX floor_coverage_floor_as_of ON floor_coverage (floor_id, as_of);
COMMENT ON TABLE floor_coverage IS
    'Each floor once a second, and each role on it; the row without a role is the floor in all. Rows '
    'of one second belong together where seq is the same.';
COMMENT ON COLUMN floor_coverage.at IS 'The second.';
COMMENT ON COLUMN floor_coverage.as_of IS 'Its first tick that has the role.';
COMMENT ON COLUMN floor_coverage.present_min IS
    'People known to have the role; without a role, all whose role is known. Null where the zones '
    'of the floor have no plan.';
COMMENT ON COLUMN floor_coverage.present_max IS
    'Those, and everybody who is not identified. Who is in several zones counts once.';
COMMENT ON COLUMN floor_coverage.gap_min IS
    'Staff missing if every unidentified person were the staff needed; 0 where not all is watched.';
COMMENT ON COLUMN floor_coverage.gap_max IS 'Staff missing if no unidentified person were staff.';
COMMENT ON COLUMN floor_coverage.least_required IS 'The least that may be required.';
COMMENT ON COLUMN floor_coverage.standing_in IS
    'Who of present_min has another role; null without a role.';
COMMENT ON COLUMN floor_coverage.substitutes IS 'Their own roles, and how many of each.';
COMMENT ON COLUMN floor_coverage.possible_since IS
    'Since when staff may be missing, without a break of 30 s; null when none may be.';
COMMENT ON COLUMN floor_coverage.sure_since IS
    'Since when staff are missing whoever the unidentified people are, or null.';
COMMENT ON COLUMN floor_coverage.is_watched IS
    'Whether cameras that report see all zones of the floor; null where these have no plan.';
COMMENT ON COLUMN floor_coverage.cameras_missing IS
    'Cameras of the floor that had not reported; null in rows of roles.';

-- The topic may hold coverage from before this table. It is not written afterwards, and not missed.
INSERT INTO retention (table_name, time_column, keep, dropped_before)
SELECT 'floor_coverage', 'at', INTERVAL '90 days', coalesce(max(as_of), '-infinity')
FROM live.zone_occupancy;

CREATE TABLE revised_floor_coverage (LIKE floor_coverage, revision integer NOT NULL);
CREATE INDEX ON revised_floor_coverage (floor_id, as_of);
SELECT make_revisable('floor_coverage', 'floor_id', 'as_of');

CREATE FUNCTION floor_coverage_holds() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN INTERVAL '5 seconds';
COMMENT ON FUNCTION floor_coverage_holds() IS
    'A row of floor_coverage is good until the next one of the floor, but no longer than this: a '
    'floor at which a camera looks has one a second.';

CREATE FUNCTION floor_gap_per_hour(since timestamptz, until timestamptz)
    RETURNS TABLE (
        hour timestamptz,
        floor_id text,
        floor_name text,
        role text,
        required_avg double precision,
        scheduled_avg double precision,
        present_min_avg double precision,
        present_max_avg double precision,
        gap_min_avg double precision,
        gap_max_avg double precision,
        short_for interval,
        maybe_short_for interval,
        watched_for interval,
        known_for interval
    )
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        WITH steps AS (
            SELECT
                c.floor_id,
                c.at,
                c.seq,
                c.is_watched,
                greatest(c.as_of, since) AS from_at,
                least(
                    lead(c.as_of, 1, c.as_of) OVER (PARTITION BY c.floor_id ORDER BY c.at),
                    c.as_of + floor_coverage_holds(),
                    until
                ) AS until_at
            FROM floor_coverage AS c
            -- The value that holds at the beginning, and the row that ends the last one.
            WHERE c.role = ''
                AND c.at >= since - 2 * floor_coverage_holds()
                AND c.at < until + floor_coverage_holds()
        ), pieces AS (
            SELECT
                s.floor_id,
                s.at,
                s.seq,
                s.is_watched,
                h.hour,
                (extract(epoch FROM least(s.until_at, h.hour + INTERVAL '1 hour')
                    - greatest(s.from_at, h.hour)) * 1000000)::bigint AS us
            FROM steps AS s
            CROSS JOIN LATERAL generate_series(
                time_bucket(INTERVAL '1 hour', s.from_at), s.until_at, INTERVAL '1 hour'
            ) AS h (hour)
            WHERE s.from_at < s.until_at
        ), known AS (
            SELECT
                p.hour,
                p.floor_id,
                sum(p.us) AS us,
                coalesce(sum(p.us) FILTER (WHERE p.is_watched), 0) AS watched_us
            FROM pieces AS p
            WHERE p.us > 0
            GROUP BY p.hour, p.floor_id
        ), sums AS (
            SELECT
                p.hour,
                p.floor_id,
                c.role,
                sum(c.required * p.us) AS required,
                sum(c.scheduled * p.us) AS scheduled,
                sum(c.present_min * p.us) AS present_min,
                sum(c.present_max * p.us) AS present_max,
                -- Who is in the zones is not known where these have no plan.
                CASE WHEN c.role = '' THEN sum(p.us) FILTER (WHERE c.present_min IS NOT NULL) END
                    AS planned_us,
                sum(c.gap_min * p.us) AS gap_min,
                sum(c.gap_max * p.us) AS gap_max,
                coalesce(sum(p.us) FILTER (WHERE c.gap_min > 0), 0) AS short_us,
                coalesce(sum(p.us) FILTER (WHERE c.gap_max > 0), 0) AS maybe_short_us
            FROM pieces AS p
            JOIN floor_coverage AS c
                ON c.floor_id = p.floor_id AND c.at = p.at AND c.seq = p.seq
            WHERE p.us > 0
                AND c.at >= since - 2 * floor_coverage_holds()
                AND c.at < until + floor_coverage_holds()
            GROUP BY p.hour, p.floor_id, c.role
        )
        SELECT
            s.hour,
            s.floor_id,
            coalesce(nullif(f.name, ''), s.floor_id),
            s.role,
            (s.required / k.us)::double precision,
            (s.scheduled / k.us)::double precision,
            (s.present_min / coalesce(s.planned_us, k.us))::double precision,
            (s.present_max / coalesce(s.planned_us, k.us))::double precision,
            (s.gap_min / k.us)::double precision,
            (s.gap_max / k.us)::double precision,
            s.short_us * INTERVAL '1 microsecond',
            s.maybe_short_us * INTERVAL '1 microsecond',
            k.watched_us * INTERVAL '1 microsecond',
            k.us * INTERVAL '1 microsecond'
        FROM sums AS s
        JOIN known AS k ON k.hour = s.hour AND k.floor_id = s.floor_id
        LEFT JOIN (
            SELECT DISTINCT ON (v.floor_id) v.floor_id, v.name
            FROM floors AS v
            ORDER BY v.floor_id, v.version DESC
        ) AS f ON f.floor_id = s.floor_id;
    END;
COMMENT ON FUNCTION floor_gap_per_hour(timestamptz, timestamptz) IS
    'Staff missing per floor, role and hour, as an interval; role is empty for the floor in all. '
    'Whoever is in several zones counts once. Only the time counts for which the floor is known '
    '(known_for): in watched_for of it, cameras saw all its zones, and only then can a gap be sure.';

CREATE FUNCTION zone_row_vouched_for() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN INTERVAL '12 seconds';
COMMENT ON FUNCTION zone_row_vouched_for() IS
    'A zone has a row every 10 s; until this is over, ticks of its floor say that it still holds.';

CREATE FUNCTION staffing_stale_after() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN INTERVAL '5 seconds';
COMMENT ON FUNCTION staffing_stale_after() IS
    'Zones that are known only until longer ago than this are stale: the default of '
    'serving.stale_after_s, by which the board judges.';

CREATE OR REPLACE FUNCTION zone_staffing(at timestamptz)
    RETURNS TABLE (
        zone_id text,
        zone_name text,
        unit_ids text[],
        stale boolean,
        as_of timestamptz,
        seq bigint,
        person_ids text[],
        scheduled integer,
        required integer,
        gap_min integer,
        gap_max integer
    )
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        WITH force AS (
            SELECT * FROM units_in_force(zone_staffing.at)
        ), zones_then AS (
            SELECT * FROM zones_in_force(zone_staffing.at)
        ), ticks AS (
            SELECT one.floor_id, newest.as_of, newest.cameras_missing
            FROM (SELECT DISTINCT t.floor_id FROM zones_then AS t) AS one
            CROSS JOIN LATERAL (
                SELECT c.as_of, c.cameras_missing
                FROM floor_coverage AS c
                WHERE c.floor_id = one.floor_id
                    AND c.role = ''
                    AND c.as_of <= zone_staffing.at
                ORDER BY c.as_of DESC
                LIMIT 1
            ) AS newest
        )
        SELECT
            z.zone_id,
            coalesce(nullif(z.name, ''), z.zone_id),
            CASE WHEN cardinality(listed.unit_ids) > 0 THEN listed.unit_ids ELSE floors.unit_ids END,
            o.seq IS NULL
            -- Floors without ticks are of before there was a table of them.
            OR (
                t.as_of IS NOT NULL
                AND greatest(o.as_of, least(t.as_of, o.as_of + zone_row_vouched_for()))
                    < zone_staffing.at - staffing_stale_after()
            )
            OR CASE
                WHEN z.camera_id IS NULL THEN cardinality(missing.cameras) > 0
                ELSE z.camera_id = ANY (missing.cameras)
            END,
            o.as_of,
            o.seq,
            o.person_ids,
            o.scheduled,
            o.required,
            o.gap_min,
            o.gap_max
        FROM zones_then AS z
        CROSS JOIN LATERAL (
            SELECT ARRAY(
                SELECT f.unit_id FROM force AS f WHERE z.zone_id = ANY (f.zone_ids) ORDER BY 1
            ) AS unit_ids
        ) AS listed
        CROSS JOIN LATERAL (
            SELECT ARRAY(
                SELECT f.unit_id FROM force AS f WHERE z.floor_id = ANY (f.floor_ids) ORDER BY 1
            ) AS unit_ids
        ) AS floors
        LEFT JOIN LATERAL (
            SELECT r.*
            FROM zone_occupancy AS r
            WHERE r.zone_id = z.zone_id
                AND r.as_of <= zone_staffing.at
                AND r.as_of > zone_staffing.at - occupancy_holds()
            ORDER BY r.as_of DESC, r.seq DESC
            LIMIT 1
        ) AS o ON TRUE
        LEFT JOIN ticks AS t ON t.floor_id = z.floor_id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN t.as_of >= o.as_of THEN t.cameras_missing ELSE o.cameras_missing END
                AS cameras
        ) AS missing;
    END;
COMMENT ON FUNCTION zone_staffing(timestamptz) IS
    'Every zone at one event time. A zone is stale as on the board: no row of it and no tick of its '
    'floor said less than 5 s before that it holds, or a camera of it had not reported. Its numbers '
    'are then null or not to be acted on.';

-- The newest row of a zone says nothing of the time after it: a gap that is open has lasted until then.
CREATE OR REPLACE VIEW gaps AS
WITH measured AS (
    SELECT
        zone_id,
        seq,
        as_of,
        least(
            lead(as_of, 1, as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq),
            as_of + occupancy_holds()
        ) AS until,
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

CREATE OR REPLACE VIEW count_disagreements AS
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
        least(
            lead(as_of, 1, as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq),
            as_of + occupancy_holds()
        ) AS until
    FROM zone_occupancy
) AS o
LEFT JOIN zones_now AS z USING (zone_id)
WHERE o.disagreement > 0;
