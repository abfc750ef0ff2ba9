-- How a camera is mounted. Versions recorded before the field existed are of fixed cameras.

ALTER TABLE cameras ADD COLUMN mount text NOT NULL DEFAULT 'FIXED';
