-- Every measurement once.
INSERT INTO zone_occupancy SELECT * FROM stage_zone_occupancy
ON CONFLICT (zone_id, seq, as_of) DO NOTHING
