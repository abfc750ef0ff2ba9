-- Where was one person, second by second?
-- :person  a person_id; :from and :to  times with zone
SELECT at, zone_ids, foot_x_px, foot_y_px, x_m, y_m, observed
FROM positions
WHERE person_id = :'person' AND at >= :'from'::timestamptz AND at < :'to'::timestamptz
ORDER BY at;
