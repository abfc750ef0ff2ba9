-- How many people were in each zone, on average, in each minute?
-- :from and :to  times with zone; the end is not included
SELECT minute, zone_name, round(people_avg::numeric, 3) AS people_avg, people_max, known_for
FROM occupancy_per_minute
WHERE minute >= :'from'::timestamptz AND minute < :'to'::timestamptz
ORDER BY minute, zone_name;
