-- Merge a batch's fold of the tracks into the table. Runs at most once for each record: the
-- progress of the camera moves in the same transaction.
INSERT INTO tracks AS t SELECT * FROM stage_tracks
ON CONFLICT (camera_id, track_id, started_at) DO UPDATE SET
    floor_id = excluded.floor_id,
    confirmed_at = coalesce(t.confirmed_at, excluded.confirmed_at),
    last_observed_at = excluded.last_observed_at,
    ended_at = coalesce(t.ended_at, excluded.ended_at),
    state = excluded.state,
    observations = t.observations + excluded.observations,
    max_score = greatest(t.max_score, excluded.max_score),
    x_m = coalesce(excluded.x_m, t.x_m),
    y_m = coalesce(excluded.y_m, t.y_m),
    model_name = excluded.model_name,
    model_version = excluded.model_version,
    camera_version = coalesce(excluded.camera_version, t.camera_version),
    seq = excluded.seq,
    digest = excluded.digest
WHERE excluded.seq > t.seq
