-- What a shift leaves of working time, and how much of it the person was seen.

CREATE FUNCTION multirange_length(spans tstzmultirange) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT coalesce(sum(upper(span) - lower(span)), INTERVAL '0')
        FROM unnest(spans) AS s (span)
    );
COMMENT ON FUNCTION multirange_length(tstzmultirange) IS 'How much time a set of times holds.';

CREATE INDEX positions_staff ON live.positions (staff_id, at) WHERE staff_id IS NOT NULL;

CREATE VIEW shift_working_time AS
WITH planned AS (
    SELECT *
    FROM (SELECT DISTINCT ON (shift_id) * FROM shifts ORDER BY shift_id, version DESC) AS newest
    WHERE NOT removed AND status <> 'CANCELLED' AND starts_at < ends_at
), taken AS (
    SELECT replaces AS shift_id, range_agg(tstzrange(starts_at, ends_at)) AS spans
    FROM planned
    WHERE replaces <> '' AND kind IN ('WORK', 'ON_CALL')
    GROUP BY replaces
), pauses AS (
    SELECT staff_id, range_agg(tstzrange(starts_at, ends_at)) AS spans
    FROM planned
    WHERE staff_id <> '' AND kind = 'BREAK'
    GROUP BY staff_id
)
SELECT
    p.shift_id,
    p.staff_id,
    p.agency,
    p.zone_id,
    p.role,
    p.starts_at,
    p.ends_at,
    p.time_zone,
    tstzmultirange(tstzrange(p.starts_at, p.ends_at))
        - coalesce(t.spans, '{}') - coalesce(b.spans, '{}') AS working
FROM planned AS p
LEFT JOIN taken AS t USING (shift_id)
LEFT JOIN pauses AS b ON b.staff_id = p.staff_id
WHERE p.kind = 'WORK';
COMMENT ON VIEW shift_working_time IS
    'Each shift of work as it is known now: working is its time without breaks and without what '
    'somebody else took over, and is empty where nothing is left.';

CREATE VIEW shift_adherence AS
WITH near AS (
    SELECT
        *,
        multirange_length(working) AS planned,
        greatest(
            starts_at - INTERVAL '30 minutes',
            starts_at - (starts_at - lag(ends_at) OVER person) / 2
        ) AS near_from,
        least(
            ends_at + INTERVAL '30 minutes',
            ends_at + (lead(starts_at) OVER person - ends_at) / 2
        ) AS near_until
    FROM shift_working_time
    WHERE staff_id <> '' AND NOT isempty(working)
    WINDOW person AS (PARTITION BY staff_id ORDER BY starts_at, shift_id)
)
SELECT
    n.shift_id,
    n.staff_id,
    n.zone_id,
    coalesce(z.name, n.zone_id) AS zone_name,
    n.role,
    n.starts_at,
    n.ends_at,
    n.planned,
    seen.first_seen,
    seen.last_seen,
    multirange_length(seen.here * n.working) AS adhered_for,
    multirange_length(seen.anywhere - n.pauses) AS worked_for,
    CASE WHEN seen.first_seen IS NOT NULL THEN
        extract(epoch FROM multirange_length(seen.here * n.working))
            / extract(epoch FROM n.planned)
    END AS adherence,
    CASE WHEN seen.first_seen IS NOT NULL THEN
        extract(epoch FROM multirange_length(seen.anywhere - n.pauses))
            / extract(epoch FROM n.planned)
    END AS conformance
FROM (
    SELECT
        *,
        tstzmultirange(tstzrange(starts_at, ends_at)) - working AS pauses
    FROM near
) AS n
LEFT JOIN zones_now AS z USING (zone_id)
CROSS JOIN LATERAL (
    SELECT
        min(at) AS first_seen,
        max(at) AS last_seen,
        range_agg(tstzrange(at, until)) AS anywhere,
        coalesce(range_agg(tstzrange(at, until)) FILTER (WHERE is_here), '{}') AS here
    FROM (
        SELECT
            p.at,
            n.zone_id = ANY (p.zone_ids) AS is_here,
            coalesce(
                CASE
                    WHEN lead(p.at) OVER person <= p.at + INTERVAL '5 seconds'
                    THEN lead(p.at) OVER person
                END,
                p.at + INTERVAL '1 second'
            ) AS until
        FROM positions AS p
        WHERE p.staff_id = n.staff_id AND p.at >= n.near_from AND p.at < n.near_until
        WINDOW person AS (ORDER BY p.at, p.person_id)
    ) AS one
    WHERE at < until
) AS seen;
COMMENT ON VIEW shift_adherence IS
    'Per shift of a named person: adherence is the part of the planned working time in which the '
    'person was seen in the planned zone, conformance the time in which they were seen anywhere, '
    'from 30 min before the shift to 30 min after it and without breaks, by the planned time. '
    'Both are null where nobody was identified as the person: nobody knows whether they came.';
