-- Which cameras' clocks were off when, and by how much?
-- :from and :to  times with zone
-- :limit  how far off counts, such as '100 ms'
SELECT camera_name, holds_from, holds_until, -clock_offset AS ahead_by, drift_ppm
FROM clocks_over_time
WHERE state = 'SETTLED'
    AND (clock_offset > :'limit'::interval OR clock_offset < -:'limit'::interval)
    AND holds_from < :'to'::timestamptz
    AND (holds_until > :'from'::timestamptz OR holds_until IS NULL)
ORDER BY holds_from, camera_name;
