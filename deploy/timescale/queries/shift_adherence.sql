-- Was everybody where and when they were planned (adherence), and did they work the planned total
-- (conformance)? Shares of the planned working time, breaks left out.
-- :from, :to  times with zone; shifts that start in between
-- A person without a badge is not identified: then both are null, and the shift says nothing.
SELECT
    shift_id,
    staff_id,
    zone_name,
    planned,
    adhered_for,
    worked_for,
    round(adherence, 3) AS adherence,
    round(conformance, 3) AS conformance
FROM shift_adherence
WHERE starts_at >= :'from'::timestamptz AND starts_at < :'to'::timestamptz
ORDER BY starts_at, shift_id;
