-- A visit goes on until the last of its stays has ended: a short stay under another id may lie
-- within a longer one. Until now the stay before decided, and so cut a visit in two.

CREATE OR REPLACE VIEW zone_visits AS
WITH stays AS (
    SELECT s.*, coalesce(c.chain_id, s.person_id) AS chain_id,
        coalesce(s.left_at, 'infinity') AS until_at
    FROM zone_stays AS s
    LEFT JOIN person_chains AS c USING (person_id)
), followed AS (
    SELECT
        *,
        max(until_at) OVER (
            PARTITION BY zone_id, chain_id ORDER BY entered_at, person_id COLLATE "C"
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS furthest_at,
        lag(until_at) OVER (
            PARTITION BY zone_id, chain_id, person_id ORDER BY entered_at
        ) AS left_before_at
    FROM stays
), numbered AS (
    SELECT
        *,
        count(*) FILTER (
            WHERE furthest_at IS NULL OR left_before_at = furthest_at
                OR entered_at > furthest_at + INTERVAL '1 minute'
        ) OVER (
            PARTITION BY zone_id, chain_id ORDER BY entered_at, person_id COLLATE "C"
        ) AS visit
    FROM followed
)
SELECT
    zone_id,
    min(zone_name) AS zone_name,
    min(floor_id) AS floor_id,
    chain_id,
    array_agg(person_id ORDER BY entered_at, person_id COLLATE "C") AS person_ids,
    min(entered_at) AS entered_at,
    CASE WHEN bool_and(left_at IS NOT NULL) THEN max(left_at) END AS left_at,
    CASE WHEN bool_and(left_at IS NOT NULL) THEN max(left_at) - min(entered_at) END AS dwell,
    bool_or(dwell_exceeded) AS dwell_exceeded
FROM numbered
GROUP BY zone_id, chain_id, visit;
COMMENT ON VIEW zone_visits IS
    'Stays in a zone with the links applied: one row per visit of a person, who may have had several '
    'ids meanwhile. A stay under a new id within a minute goes on with the visit, and one within it '
    'is part of it.';
