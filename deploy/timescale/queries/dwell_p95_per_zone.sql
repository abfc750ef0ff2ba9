-- How long do people stay in each zone?
-- :from and :to  times with zone; stays that ended in between
SELECT
    zone_name,
    count(*) AS stays,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY dwell) AS dwell_p50,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY dwell) AS dwell_p95
FROM zone_stays
WHERE left_at >= :'from'::timestamptz AND left_at < :'to'::timestamptz
GROUP BY zone_name
ORDER BY zone_name;
