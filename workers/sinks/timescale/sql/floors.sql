-- Every version once.
INSERT INTO floors SELECT * FROM stage_floors
ON CONFLICT (floor_id, version) DO NOTHING
