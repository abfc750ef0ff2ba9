-- How people answered alerts: one row for each alert, and sums by rule, tier, day and shift. They
-- rest on what was decided then (schema live): nobody answered what a rebuild found later.

CREATE VIEW alerts_answered AS
WITH decided AS (
    SELECT
        a.floor_id,
        a.alert_id,
        a.opened_at,
        last(a.rule_id, a.as_of) AS rule_id,
        last(a.rule_name, a.as_of) AS rule_name,
        last(a.kind, a.as_of) AS kind,
        last(a.tier, a.as_of) AS tier,
        last(a.zone_id, a.as_of) AS zone_id,
        bool_or(a.pages AND a.action <> 'CLOSED') AS pages,
        max(a.as_of) FILTER (WHERE a.action = 'CLOSED') AS closed_at
    FROM live.zone_alerts AS a
    GROUP BY a.floor_id, a.alert_id, a.opened_at
), done AS (
    SELECT
        d.floor_id,
        d.alert_id,
        d.opened_at,
        count(DISTINCT d.receipt_key) FILTER (WHERE d.action = 'DELIVERED')::int AS deliveries,
        min(d.taken_at) FILTER (WHERE d.action = 'ACKNOWLEDGED') AS acknowledged_at,
        min(d.taken_at) FILTER (WHERE d.action IN ('ACKNOWLEDGED', 'SNOOZED', 'RESOLVED'))
            AS answered_at,
        last(d.reason, d.taken_at) FILTER (WHERE d.action = 'RESOLVED') AS resolved_as,
        bool_or(d.action = 'ESCALATED') AS is_escalated
    FROM alert_actions AS d
    GROUP BY d.floor_id, d.alert_id, d.opened_at
), zoned AS (
    SELECT DISTINCT ON (floor_id) floor_id, time_zone
    FROM floors
    ORDER BY floor_id, version DESC
)
SELECT
    a.floor_id,
    a.alert_id,
    a.opened_at,
    a.closed_at,
    a.rule_id,
    a.rule_name,
    a.kind,
    a.tier,
    a.zone_id,
    a.pages,
    coalesce(d.deliveries, 0) AS deliveries,
    d.acknowledged_at,
    d.answered_at,
    d.resolved_as,
    coalesce(d.is_escalated, false) AS is_escalated,
    coalesce(d.resolved_as = 'NOT_TRUE', false) OR EXISTS (
        SELECT FROM feedback AS f
        WHERE f.zone_id = a.zone_id AND f.kind <> 'OTHER' AND f.as_of >= a.opened_at
            AND f.as_of <= coalesce(a.closed_at, 'infinity')
    ) AS is_overridden,
    a.opened_at AT TIME ZONE coalesce(nullif(z.time_zone, ''), 'UTC') AS opened_local
FROM decided AS a
LEFT JOIN done AS d USING (floor_id, alert_id, opened_at)
LEFT JOIN zoned AS z USING (floor_id);
COMMENT ON VIEW alerts_answered IS
    'Alerts, each as it was decided last, and what people did about it.';
COMMENT ON COLUMN alerts_answered.pages IS 'Whether it was ever one that may be delivered.';
COMMENT ON COLUMN alerts_answered.deliveries IS 'Messages about it that reached a destination.';
COMMENT ON COLUMN alerts_answered.answered_at IS
    'When somebody first acknowledged, snoozed or resolved it.';
COMMENT ON COLUMN alerts_answered.is_overridden IS
    'Somebody resolved it as NOT_TRUE last, or gave feedback on a figure of its zone meanwhile.';
COMMENT ON COLUMN alerts_answered.opened_local IS 'opened_at on the clock of the floor.';

CREATE VIEW alerts_per_rule AS
SELECT
    a.rule_id,
    a.tier,
    s.shift,
    (a.opened_local - s.starts)::date AS day,
    count(*)::int AS alerts,
    count(*) FILTER (WHERE a.pages)::int AS paging,
    sum(a.deliveries)::int AS deliveries,
    count(*) FILTER (WHERE a.pages AND a.acknowledged_at IS NOT NULL)::int AS acknowledged,
    count(*) FILTER (WHERE a.pages AND a.answered_at IS NOT NULL)::int AS answered,
    count(*) FILTER (WHERE a.pages AND a.answered_at IS NOT NULL AND NOT a.is_overridden)::int
        AS accepted,
    count(*) FILTER (WHERE a.pages AND a.is_overridden)::int AS overridden,
    count(*) FILTER (WHERE a.pages AND a.is_escalated)::int AS escalated,
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM a.acknowledged_at - a.opened_at)
    ) FILTER (WHERE a.pages AND a.acknowledged_at IS NOT NULL) AS acknowledged_after_s
FROM alerts_answered AS a
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN a.opened_local::time >= '07:00' AND a.opened_local::time < '15:00' THEN 'early'
            WHEN a.opened_local::time >= '15:00' AND a.opened_local::time < '23:00' THEN 'late'
            ELSE 'night'
        END AS shift,
        -- A night belongs to the day on which it began.
        CASE WHEN a.opened_local::time < '07:00' THEN INTERVAL '1 day' ELSE INTERVAL '0' END
            AS starts
) AS s
GROUP BY a.rule_id, a.tier, s.shift, day;
COMMENT ON VIEW alerts_per_rule IS
    'Burden, acceptance, override and time to acknowledge, by rule, tier, shift and its first day.';
COMMENT ON COLUMN alerts_per_rule.shift IS
    'On the clock of the floor: early from 07:00, late from 15:00, night from 23:00.';
COMMENT ON COLUMN alerts_per_rule.paging IS 'Burden: alerts that might be delivered.';
COMMENT ON COLUMN alerts_per_rule.accepted IS
    'Of those that page: answered, and not overridden.';
COMMENT ON COLUMN alerts_per_rule.acknowledged_after_s IS
    'Median of those that page and were acknowledged, s.';
