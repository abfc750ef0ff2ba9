-- Who replaces a stream address or a name says which one was read. A version is never given twice,
-- so one that was removed and set again is another one.

ALTER TABLE registry.stream_addresses ADD COLUMN version bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE registry.staff_names ADD COLUMN version bigint GENERATED ALWAYS AS IDENTITY;
