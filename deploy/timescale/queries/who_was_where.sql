-- Who was in which zone at one moment?
-- :at  a time with zone, such as 2026-03-02 10:05+01
-- known is false for zones whose rows do not reach that far yet: their answer may still change.
SELECT
    s.zone_name,
    s.person_id,
    s.entered_at,
    s.left_at,
    coalesce(k.known_through >= :'at'::timestamptz, false) AS known
FROM zone_stays AS s
LEFT JOIN zone_known_through AS k USING (zone_id)
WHERE s.entered_at <= :'at'::timestamptz
    AND (s.left_at > :'at'::timestamptz OR s.left_at IS NULL)
ORDER BY s.zone_name, s.entered_at, s.person_id;
