-- Every event once.
INSERT INTO zone_events SELECT * FROM stage_zone_events
ON CONFLICT (zone_id, seq, at) DO NOTHING
