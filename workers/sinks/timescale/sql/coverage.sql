-- Every role of every measurement once.
INSERT INTO coverage SELECT * FROM stage_coverage
ON CONFLICT (zone_id, role, seq, as_of) DO NOTHING
