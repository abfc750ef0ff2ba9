-- How much staff was missing in each zone, by role and hour?
-- :from and :to  times with zone; the end is not included
-- The gap is an interval: cameras see people, and some of them may be the staff that is needed.
SELECT
    hour,
    zone_name,
    role,
    round(required_avg::numeric, 3) AS required,
    round(gap_min_avg::numeric, 3) AS gap_at_least,
    round(gap_max_avg::numeric, 3) AS gap_at_most,
    short_for AS certainly_short_for,
    maybe_short_for AS possibly_short_for,
    known_for
FROM coverage_gap_per_hour
WHERE hour >= :'from'::timestamptz AND hour < :'to'::timestamptz
ORDER BY hour, zone_name, role;
