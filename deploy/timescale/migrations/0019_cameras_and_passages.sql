-- Where cameras hang, how wide they see, what walls leave of that, and why a version was recorded;
-- and the ways by which people go from one view to another. Versions recorded before have none.

ALTER TABLE cameras
    ADD COLUMN location jsonb,
    ADD COLUMN field_of_view_deg double precision,
    ADD COLUMN sees jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN reason text NOT NULL DEFAULT '';
COMMENT ON COLUMN cameras.location IS 'x_m, y_m and z_m above the floor; NULL where nobody said so.';
COMMENT ON COLUMN cameras.field_of_view_deg IS
    'Between the left and the right edge of the frame, degrees; NULL where nobody said so.';
COMMENT ON COLUMN cameras.sees IS
    'Polygon of the floor that walls let the camera see, m; empty when nothing limits it.';
COMMENT ON COLUMN cameras.reason IS 'Why this version was recorded.';

ALTER TABLE floors ADD COLUMN passages jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN floors.passages IS
    'Ways between views that do not overlap: from and to (camera, x and y in m), radius_m, min_s, max_s.';
