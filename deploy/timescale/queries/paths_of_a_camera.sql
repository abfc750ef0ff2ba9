-- Whom did each camera see, if who is seen again is one person?
-- :from and :to  times with zone; paths that began in between
SELECT
    coalesce(c.name, p.camera_id) AS camera_name,
    p.person_ids,
    p.started_at,
    p.last_observed_at - p.started_at AS lasted,
    p.unseen,
    p.least_score
FROM track_paths AS p
LEFT JOIN cameras_now AS c USING (camera_id)
WHERE p.started_at >= :'from'::timestamptz AND p.started_at < :'to'::timestamptz
ORDER BY camera_name, p.started_at, p.path_id;
