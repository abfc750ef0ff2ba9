-- How much do rules ask of people, and how do people answer, per shift?
-- :from and :to  times with zone; alerts that were opened in between
-- :shifts        when shifts begin on each floor's clock, in order, such as {07:00,15:00,23:00}
SELECT
    rule_id,
    tier,
    coalesce(
        (SELECT max(one) FROM unnest(:'shifts'::time[]) AS one WHERE one <= opened_local::time),
        (SELECT max(one) FROM unnest(:'shifts'::time[]) AS one)
    ) AS shift,
    count(*)::int AS alerts,
    count(*) FILTER (WHERE pages)::int AS paging,
    count(*) FILTER (WHERE pages AND answered_at IS NOT NULL AND NOT is_overridden)::int
        AS accepted,
    count(*) FILTER (WHERE pages AND is_overridden)::int AS overridden,
    count(*) FILTER (WHERE pages AND is_escalated)::int AS escalated,
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM acknowledged_at - opened_at)
    ) FILTER (WHERE pages AND acknowledged_at IS NOT NULL) AS acknowledged_after_s
FROM alerts_answered
WHERE opened_at >= :'from'::timestamptz AND opened_at < :'to'::timestamptz
GROUP BY rule_id, tier, shift
ORDER BY paging DESC, rule_id, tier, shift;
