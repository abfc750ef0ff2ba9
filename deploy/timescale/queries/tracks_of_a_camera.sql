-- Which tracks did each camera have, and how long did they last?
-- :from and :to  times with zone; tracks that began in between and were confirmed
SELECT
    coalesce(c.name, t.camera_id) AS camera_name,
    t.track_id,
    t.started_at,
    t.last_observed_at - t.started_at AS lasted,
    t.observations,
    t.state
FROM tracks AS t
LEFT JOIN cameras_now AS c USING (camera_id)
WHERE t.started_at >= :'from'::timestamptz AND t.started_at < :'to'::timestamptz
    AND t.confirmed_at IS NOT NULL
ORDER BY camera_name, t.started_at, t.track_id;
