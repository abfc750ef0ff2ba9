-- Every version once.
INSERT INTO shifts SELECT * FROM stage_shifts
ON CONFLICT (shift_id, version) DO NOTHING
