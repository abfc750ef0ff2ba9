-- Which cameras' positions were suspect, from when to when, and who confirmed them?
-- :from and :to  times with zone
SELECT camera_name, reason, suspect_from, suspect_until, confirmed_by
FROM suspect_views
WHERE suspect_from < :'to'::timestamptz
    AND (suspect_until > :'from'::timestamptz OR suspect_until IS NULL)
ORDER BY suspect_from, camera_name;
