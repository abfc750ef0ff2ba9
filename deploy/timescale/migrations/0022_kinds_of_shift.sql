-- What a shift is, whether it takes place, which one it takes over, and who sends the person.
-- Versions recorded before are of own staff who work as planned.

ALTER TABLE shifts
    ADD COLUMN kind text NOT NULL DEFAULT 'WORK',
    ADD COLUMN status text NOT NULL DEFAULT 'PLANNED',
    ADD COLUMN replaces text NOT NULL DEFAULT '',
    ADD COLUMN agency text NOT NULL DEFAULT '';
COMMENT ON COLUMN shifts.staff_id IS
    'Pseudonym; empty for somebody of an agency whom nobody has named.';
COMMENT ON COLUMN shifts.kind IS 'WORK, ON_CALL, BREAK, or UNKNOWN, which counts nobody.';
COMMENT ON COLUMN shifts.status IS 'CANCELLED does not take place; PLANNED and UNKNOWN do.';
COMMENT ON COLUMN shifts.replaces IS
    'Shift that this one takes over, for its own time; empty when it is nobody else''s.';
COMMENT ON COLUMN shifts.agency IS 'Agency that sends the person; empty for own staff.';
