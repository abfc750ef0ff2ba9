-- The views of gaps and of counts that disagree compare each row with the next one of its zone, so a
-- question about an hour reads every row there is. These functions read the chunks of the question.

CREATE FUNCTION gaps_between(since timestamptz, until timestamptz) RETURNS SETOF gaps
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        WITH opened AS (
            -- A gap that was open then has rows from its beginning on.
            SELECT least(
                gaps_between.since - occupancy_holds(),
                (
                    SELECT min(o.possible_since) FROM zone_occupancy AS o
                    WHERE o.as_of >= gaps_between.since - occupancy_holds()
                        AND o.as_of < gaps_between.until
                ),
                (
                    SELECT min(c.possible_since) FROM coverage AS c
                    WHERE c.as_of >= gaps_between.since - occupancy_holds()
                        AND c.as_of < gaps_between.until
                )
            ) AS first
        ), measured AS (
            SELECT
                zone_id,
                seq,
                as_of,
                least(
                    lead(as_of, 1, as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq),
                    as_of + occupancy_holds()
                ) AS until,
                lead(as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq) IS NULL AS is_newest,
                possible_since,
                sure_since,
                gap_min,
                gap_max
            FROM zone_occupancy
            WHERE as_of >= (SELECT first FROM opened) AND as_of < gaps_between.until
        ), rows_of AS (
            SELECT
                zone_id, '' AS role, as_of, until, is_newest, possible_since, sure_since, gap_min,
                gap_max
            FROM measured
            UNION ALL
            SELECT
                c.zone_id, c.role, c.as_of, m.until, m.is_newest, c.possible_since, c.sure_since,
                c.gap_min, c.gap_max
            FROM coverage AS c
            JOIN measured AS m USING (zone_id, seq, as_of)
            WHERE c.as_of >= (SELECT first FROM opened) AND c.as_of < gaps_between.until
        )
        SELECT
            g.zone_id,
            coalesce(z.name, g.zone_id),
            g.role,
            g.possible_since,
            min(g.sure_since),
            CASE WHEN NOT bool_or(g.is_newest) THEN max(g.until) END,
            max(g.as_of),
            sum(g.until - g.as_of),
            coalesce(sum(g.until - g.as_of) FILTER (WHERE g.gap_min > 0), INTERVAL '0'),
            max(g.gap_min),
            max(g.gap_max)
        FROM rows_of AS g
        LEFT JOIN zones_now AS z USING (zone_id)
        WHERE g.possible_since IS NOT NULL
        GROUP BY g.zone_id, z.name, g.role, g.possible_since
        HAVING max(g.as_of) >= gaps_between.since - occupancy_holds()
            AND (bool_or(g.is_newest) OR max(g.until) > gaps_between.since);
    END;
COMMENT ON FUNCTION gaps_between(timestamptz, timestamptz) IS
    'The gaps that lasted in a stretch of event time, as the view gaps had them at its end: one that '
    'goes on then has no ended_at. It reads the chunks from the beginning of the oldest such gap.';

CREATE FUNCTION count_disagreements_between(since timestamptz, until timestamptz)
    RETURNS SETOF count_disagreements
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
        SELECT
            o.zone_id,
            coalesce(z.name, o.zone_id),
            o.as_of,
            least(
                coalesce(
                    o.next_at,
                    CASE
                        WHEN EXISTS (
                            SELECT FROM zone_occupancy AS n
                            WHERE n.zone_id = o.zone_id AND n.as_of > o.as_of
                        ) THEN 'infinity'
                        ELSE o.as_of
                    END
                ),
                o.as_of + occupancy_holds()
            ),
            o.people,
            o.people_low,
            o.people_high,
            o.disagreement,
            o.counts
        FROM (
            SELECT
                *,
                lead(as_of) OVER (PARTITION BY zone_id ORDER BY as_of, seq) AS next_at
            FROM zone_occupancy
            WHERE as_of >= count_disagreements_between.since
                -- The row after the last one says how long that one held.
                AND as_of < count_disagreements_between.until + occupancy_holds()
        ) AS o
        LEFT JOIN zones_now AS z USING (zone_id)
        WHERE o.disagreement > 0 AND o.as_of < count_disagreements_between.until;
    END;
COMMENT ON FUNCTION count_disagreements_between(timestamptz, timestamptz) IS
    'The rows of the view count_disagreements of a stretch of event time; reads its chunks alone.';
