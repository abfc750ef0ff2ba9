-- How much staff did each floor lack, by role and hour?
-- :from and :to  times with zone; the end is not included
-- A floor is covered by everybody who is in one of its zones, once: one zone may lack what another
-- has. The row without a role is the floor in all.
SELECT
    hour,
    floor_name,
    nullif(role, '') AS role,
    round(required_avg::numeric, 3) AS required,
    round(gap_min_avg::numeric, 3) AS gap_at_least,
    round(gap_max_avg::numeric, 3) AS gap_at_most,
    short_for AS certainly_short_for,
    maybe_short_for AS possibly_short_for,
    watched_for,
    known_for
FROM floor_gap_per_hour(:'from'::timestamptz, :'to'::timestamptz)
ORDER BY hour, floor_name, role NULLS FIRST;
