-- Every version once.
INSERT INTO requirements SELECT * FROM stage_requirements
ON CONFLICT (requirement_id, version) DO NOTHING
