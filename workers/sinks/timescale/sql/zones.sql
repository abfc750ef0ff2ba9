-- Every version once.
INSERT INTO zones SELECT * FROM stage_zones
ON CONFLICT (zone_id, version) DO NOTHING
