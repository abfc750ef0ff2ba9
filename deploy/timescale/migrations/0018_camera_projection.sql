-- The pose of a camera and its lens, beside the homography. Versions recorded before have neither.

ALTER TABLE cameras ADD COLUMN projection double precision[], ADD COLUMN lens jsonb;
COMMENT ON COLUMN cameras.projection IS
    'Twelve numbers, row by row: floor m (X, Y, Z up, 1) to px of an ideal lens.';
COMMENT ON COLUMN cameras.lens IS
    'fx, fy, cx, cy (px) and distortion; NULL for an ideal lens, or without a projection.';
