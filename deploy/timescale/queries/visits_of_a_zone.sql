-- Who was in a zone when, if a person whom links join is one person?
-- :zone  id of the zone
-- :from and :to  times with zone; visits that began in between
SELECT zone_name, person_ids, entered_at, left_at, dwell
FROM zone_visits
WHERE zone_id = :'zone' AND entered_at >= :'from'::timestamptz AND entered_at < :'to'::timestamptz
ORDER BY entered_at;
