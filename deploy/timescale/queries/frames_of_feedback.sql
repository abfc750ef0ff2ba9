-- Which frames should somebody who maintains a model look at, since people said that it is wrong?
-- :from and :to  times with zone; feedback that was given in between
-- :model  name of the model, or '' for all
SELECT
    camera_id,
    captured_at,
    array_agg(DISTINCT kind ORDER BY kind) AS kinds,
    array_agg(DISTINCT zone_id ORDER BY zone_id) AS zone_ids,
    max(role) AS role_shown,
    model_name,
    model_version,
    count(DISTINCT feedback_id) AS given
FROM feedback
WHERE camera_id IS NOT NULL
    AND given_at >= :'from'::timestamptz AND given_at < :'to'::timestamptz
    AND (:'model' = '' OR model_name = :'model')
GROUP BY camera_id, captured_at, model_name, model_version
ORDER BY given DESC, captured_at, camera_id;
