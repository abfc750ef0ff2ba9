-- What did people say is wrong on the board, in which zone and which hour of the shift?
-- :from and :to  times with zone; feedback that was given in between
SELECT kind, zone_name, shift_hour, sum(given)::int AS given, sum(figures)::int AS figures
FROM feedback_per_zone
WHERE last_at >= :'from'::timestamptz AND first_at < :'to'::timestamptz
GROUP BY kind, zone_name, shift_hour
ORDER BY given DESC, kind, zone_name, shift_hour;
