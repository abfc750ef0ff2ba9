-- Every version once.
INSERT INTO staff SELECT * FROM stage_staff
ON CONFLICT (staff_id, version) DO NOTHING
