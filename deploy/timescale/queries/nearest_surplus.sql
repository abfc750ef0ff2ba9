-- Who could have helped a unit at a moment, and how far away were they?
-- :unit  the unit that is short
-- :at    time with zone
-- Nobody is spared whom their own zone, or another zone of their unit, may need.
SELECT role, unit_id, spare, steps
FROM nearest_surplus(:'at'::timestamptz, :'unit')
ORDER BY role;
