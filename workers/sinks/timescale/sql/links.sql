-- Every link once.
INSERT INTO links SELECT * FROM stage_links
ON CONFLICT (floor_id, seq, at) DO NOTHING
