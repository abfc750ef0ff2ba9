-- How were units, departments and sites staffed at a moment?
-- :at  time with zone
-- A row without unit is a department, one without department too a site. Zones in stale_zone_ids
-- are not in the numbers: nothing was known of them then.
SELECT site, department, unit_id, people, scheduled, required, gap_min, gap_max, stale_zone_ids
FROM staffing(:'at'::timestamptz)
ORDER BY site, department NULLS FIRST, unit_id NULLS FIRST;
