-- Every version once.
INSERT INTO cameras SELECT * FROM stage_cameras
ON CONFLICT (camera_id, version) DO NOTHING
