-- The first tick of the interval that holds the person stands.
INSERT INTO positions SELECT * FROM stage_positions
ON CONFLICT (person_id, at, floor_id) DO NOTHING
