"""What rules of alerts asked of people, and how people answered, by rule and shift."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg import Connection

ALL_SHIFTS: Final = "all"
"""In the place of a shift: all of them together."""

_PAIRS: Final = """
    SELECT DISTINCT floor_id, zone_id FROM live.zone_alerts
    WHERE as_of >= %(since)s AND opened_at >= %(since)s
"""
# Shifts as in `alerts_per_rule`, whose sums cannot be limited to zones nor medians put together.
_RULES: Final = """
    SELECT
        rule_id,
        coalesce(shift, 'all') AS shift,
        count(*)::int AS alerts,
        count(*) FILTER (WHERE pages)::int AS paging,
        count(*) FILTER (WHERE pages AND answered_at IS NOT NULL AND NOT is_overridden)::int
            AS accepted,
        count(*) FILTER (WHERE pages AND is_overridden)::int AS overridden,
        count(*) FILTER (WHERE pages AND is_escalated)::int AS escalated,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(epoch FROM acknowledged_at - opened_at)
        ) FILTER (WHERE pages AND acknowledged_at IS NOT NULL) AS acknowledged_after_s
    FROM (
        SELECT *, CASE
            WHEN opened_local::time >= '07:00' AND opened_local::time < '15:00' THEN 'early'
            WHEN opened_local::time >= '15:00' AND opened_local::time < '23:00' THEN 'late'
            ELSE 'night'
        END AS shift
        FROM public.alerts_answered
        JOIN unnest(%(floors)s::text[], %(zones)s::text[]) AS asked (floor_id, zone_id)
            USING (floor_id, zone_id)
        WHERE opened_at >= %(since)s
    ) AS answered
    GROUP BY GROUPING SETS ((rule_id, shift), (rule_id))
    ORDER BY rule_id COLLATE "C", array_position(ARRAY['early', 'late', 'night'], shift)
"""

Sees = Callable[[str, str], bool]
"""Whether alerts of a floor and zone count; the zone is empty for alerts of the whole floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Alerts of a rule, and how people answered them.

    Attributes:
        alerts: Alerts that were opened.
        paging: Of these, those that might be delivered.
        accepted: Of those that page: answered, and not overridden.
        overridden: Of those that page: called not true, or the zone's figure was.
        escalated: Of those that page: nobody acknowledged in time.
        acknowledged_after_s: Median from opened to acknowledged, s; None where none was.
    """

    alerts: int
    paging: int
    accepted: int
    overridden: int
    escalated: int
    acknowledged_after_s: float | None


class OfRule(NamedTuple):
    """What one rule asked in one shift.

    Attributes:
        rule_id: The rule that led the alerts last.
        shift: `early` from 07:00, `late` from 15:00, `night` from 23:00 on the clock of the floor,
            or `ALL_SHIFTS`.
        answered: Its alerts.
    """

    rule_id: str
    shift: str
    answered: Answered


def per_rule(connection: Connection[Any], since: datetime, sees: Sees) -> list[OfRule]:
    """What rules asked of people since a time, by rule, then shift; all shifts last.

    Args:
        connection: To the database; gives rows as dictionaries.
        since: Alerts that were opened from then on, with a time zone.
        sees: Which alerts count.
    """
    pairs = [
        (row["floor_id"], row["zone_id"])
        for row in connection.execute(_PAIRS, {"since": since}).fetchall()
    ]
    shown = [pair for pair in pairs if sees(*pair)]
    if not shown:
        return []
    asked = {
        "since": since,
        "floors": [floor_id for floor_id, _ in shown],
        "zones": [zone_id for _, zone_id in shown],
    }
    found = connection.execute(_RULES, asked).fetchall()
    return [OfRule(row.pop("rule_id"), row.pop("shift"), Answered(**row)) for row in found]
