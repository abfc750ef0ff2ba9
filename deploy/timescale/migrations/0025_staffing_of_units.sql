-- Units, departments and sites at one event time, from the rows of their zones that hold then.

CREATE FUNCTION zones_in_force(at timestamptz)
    RETURNS TABLE (zone_id text, name text, floor_id text, camera_id text)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT newest.zone_id, newest.name, newest.floor_id, newest.camera_id
        FROM (
            SELECT DISTINCT ON (z.zone_id) z.zone_id, z.name, z.floor_id, z.camera_id, z.removed
            FROM zones AS z
            WHERE z.valid_from <= at AND z.recorded_at + INTERVAL '5 seconds' <= at
            ORDER BY z.zone_id, z.version DESC
        ) AS newest
        WHERE NOT newest.removed;
    END;
COMMENT ON FUNCTION zones_in_force(timestamptz) IS 'Zones as the pipeline knew them at a time.';

CREATE FUNCTION units_in_force(at timestamptz)
    RETURNS TABLE (
        unit_id text,
        name text,
        site text,
        department text,
        floor_ids text[],
        zone_ids text[],
        neighbour_ids text[]
    )
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT
            newest.unit_id,
            newest.name,
            newest.site,
            newest.department,
            newest.floor_ids,
            newest.zone_ids,
            newest.neighbour_ids
        FROM (
            SELECT DISTINCT ON (u.unit_id)
                u.unit_id,
                u.name,
                u.site,
                u.department,
                u.floor_ids,
                u.zone_ids,
                u.neighbour_ids,
                u.removed
            FROM units AS u
            WHERE u.valid_from <= at AND u.recorded_at + INTERVAL '5 seconds' <= at
            ORDER BY u.unit_id, u.version DESC
        ) AS newest
        WHERE NOT newest.removed;
    END;
COMMENT ON FUNCTION units_in_force(timestamptz) IS 'Units as they were known at a time.';

CREATE FUNCTION zone_staffing(at timestamptz)
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
        )
        SELECT
            z.zone_id,
            coalesce(nullif(z.name, ''), z.zone_id),
            CASE WHEN cardinality(listed.unit_ids) > 0 THEN listed.unit_ids ELSE floors.unit_ids END,
            o.seq IS NULL OR CASE
                WHEN z.camera_id IS NULL THEN cardinality(o.cameras_missing) > 0
                ELSE z.camera_id = ANY (o.cameras_missing)
            END,
            o.as_of,
            o.seq,
            o.person_ids,
            o.scheduled,
            o.required,
            o.gap_min,
            o.gap_max
        FROM zones_in_force(zone_staffing.at) AS z
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
        ) AS o ON TRUE;
    END;
COMMENT ON FUNCTION zone_staffing(timestamptz) IS
    'Every zone at one event time. A zone is stale when no row of it holds then or a camera of it '
    'had not reported; its numbers are then null or not to be acted on.';

CREATE FUNCTION staffing_groups(at timestamptz)
    RETURNS TABLE (site text, department text, unit_id text, zone_id text)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        WITH located AS (
            SELECT u.site, u.department, u.unit_id, z.zone_id
            FROM zone_staffing(staffing_groups.at) AS z
            JOIN units_in_force(staffing_groups.at) AS u ON u.unit_id = ANY (z.unit_ids)
        )
        SELECT p.site, p.department, p.unit_id, p.zone_id FROM located AS p
        UNION
        SELECT p.site, p.department, NULL, p.zone_id FROM located AS p WHERE p.department <> ''
        UNION
        SELECT p.site, NULL, NULL, p.zone_id FROM located AS p WHERE p.site <> '';
    END;
COMMENT ON FUNCTION staffing_groups(timestamptz) IS
    'Zones of each unit, of each department (unit_id is null) and of each site (department is null '
    'too).';

CREATE FUNCTION staffing(at timestamptz)
    RETURNS TABLE (
        site text,
        department text,
        unit_id text,
        people bigint,
        scheduled bigint,
        required bigint,
        gap_min bigint,
        gap_max bigint,
        zone_ids text[],
        stale_zone_ids text[]
    )
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT
            g.site,
            g.department,
            g.unit_id,
            (
                SELECT count(DISTINCT one.person_id)
                FROM unnest(array_agg(z.zone_id) FILTER (WHERE NOT z.stale)) AS known (zone_id)
                JOIN zone_staffing(staffing.at) AS k ON k.zone_id = known.zone_id
                CROSS JOIN unnest(k.person_ids) AS one (person_id)
            ),
            coalesce(sum(z.scheduled) FILTER (WHERE NOT z.stale), 0),
            coalesce(sum(z.required) FILTER (WHERE NOT z.stale), 0),
            coalesce(sum(z.gap_min) FILTER (WHERE NOT z.stale), 0),
            coalesce(sum(z.gap_max) FILTER (WHERE NOT z.stale), 0),
            coalesce(array_agg(z.zone_id ORDER BY z.zone_id) FILTER (WHERE NOT z.stale), '{}'),
            coalesce(array_agg(z.zone_id ORDER BY z.zone_id) FILTER (WHERE z.stale), '{}')
        FROM staffing_groups(staffing.at) AS g
        JOIN zone_staffing(staffing.at) AS z USING (zone_id)
        GROUP BY g.site, g.department, g.unit_id;
    END;
COMMENT ON FUNCTION staffing(timestamptz) IS
    'Units, departments and sites at one event time. Zones that are stale are named and add '
    'nothing; a surplus in one zone fills no gap in another; people are counted once.';

CREATE FUNCTION staffing_by_role(at timestamptz)
    RETURNS TABLE (
        site text,
        department text,
        unit_id text,
        role text,
        present_min bigint,
        present_max bigint,
        scheduled bigint,
        required bigint,
        gap_min bigint,
        gap_max bigint,
        spare bigint
    )
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT
            g.site,
            g.department,
            g.unit_id,
            c.role,
            sum(c.present_min),
            sum(c.present_max),
            sum(c.scheduled),
            sum(c.required),
            sum(c.gap_min),
            sum(c.gap_max),
            sum(greatest(0, c.present_min - c.required))
        FROM staffing_groups(staffing_by_role.at) AS g
        JOIN zone_staffing(staffing_by_role.at) AS z USING (zone_id)
        JOIN coverage AS c ON c.zone_id = z.zone_id AND c.seq = z.seq AND c.as_of = z.as_of
        WHERE NOT z.stale
        GROUP BY g.site, g.department, g.unit_id, c.role;
    END;
COMMENT ON FUNCTION staffing_by_role(timestamptz) IS
    'The same by role. spare: people known to be present whom their own zone does not require.';

CREATE FUNCTION nearest_surplus(at timestamptz, short_unit_id text)
    RETURNS TABLE (role text, unit_id text, spare bigint, steps integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        WITH RECURSIVE force AS MATERIALIZED (
            SELECT u.* FROM units_in_force(nearest_surplus.at) AS u
        ), ways AS (
            SELECT f.unit_id AS here, n.there
            FROM force AS f CROSS JOIN unnest(f.neighbour_ids) AS n (there)
            UNION
            SELECT n.here, f.unit_id
            FROM force AS f CROSS JOIN unnest(f.neighbour_ids) AS n (here)
        ), walks AS (
            SELECT f.unit_id, 0 AS steps FROM force AS f WHERE f.unit_id = short_unit_id
            UNION
            SELECT f.unit_id, w.steps + 1
            FROM walks AS w
            JOIN ways ON ways.here = w.unit_id
            JOIN force AS f ON f.unit_id = ways.there
            WHERE w.steps < (SELECT count(*) FROM force)
        ), distances AS (
            SELECT w.unit_id, min(w.steps) AS steps FROM walks AS w GROUP BY w.unit_id
        ), roles AS MATERIALIZED (
            SELECT r.* FROM staffing_by_role(nearest_surplus.at) AS r WHERE r.unit_id IS NOT NULL
        ), able AS (
            SELECT
                r.role,
                r.unit_id,
                CASE
                    WHEN r.unit_id = short_unit_id THEN r.spare
                    ELSE greatest(0, r.spare - r.gap_max)
                END AS spare
            FROM roles AS r
        )
        SELECT DISTINCT ON (a.role) a.role, a.unit_id, a.spare, d.steps
        FROM able AS a
        JOIN force AS there ON there.unit_id = a.unit_id
        JOIN force AS home ON home.unit_id = short_unit_id
        JOIN roles AS short ON short.unit_id = short_unit_id AND short.role = a.role
        LEFT JOIN distances AS d ON d.unit_id = a.unit_id
        WHERE a.spare > 0
            AND short.gap_max > 0
            AND (d.steps IS NOT NULL OR there.site = home.site)
        ORDER BY
            a.role,
            d.steps NULLS LAST,
            there.department <> home.department,
            a.spare DESC,
            a.unit_id;
    END;
COMMENT ON FUNCTION nearest_surplus(timestamptz, text) IS
    'For each role that may be missing in a unit, where somebody can be spared nearest; steps is '
    'null where no way is registered.';
