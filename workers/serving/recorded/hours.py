"""How each hour of a week was covered: minutes of zones by weekday and hour of their own clock.

A minute is in one state. It was not watched where figures cover less than half; of the time
that they cover, it was surely short where half a person or more was missing on average whoever the
unidentified people were (`gap_min`), possibly short where so many may have been (`gap_max`), else
covered.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import Connection

from workers.serving.recorded.figures import Row
from workers.serving.recorded.registered import Span

QUARTER: Final = timedelta(minutes=15)
"""Clocks of all time zones differ from UTC by whole quarters of an hour."""

_STATES: Final = ("short", "possible", "covered")
_HOURS: Final = """
    SELECT zone_id, weekday, hour, sum(short)::bigint AS short, sum(possible)::bigint AS possible,
        sum(covered)::bigint AS covered
    FROM (
        SELECT q.zone_id, extract(isodow FROM q.quarter AT TIME ZONE z.time_zone)::int AS weekday,
            extract(hour FROM q.quarter AT TIME ZONE z.time_zone)::int AS hour,
            q.short, q.possible, q.covered
        FROM (
            SELECT zone_id, time_bucket(INTERVAL '15 minutes', minute) AS quarter,
                count(*) FILTER (WHERE 2 * gap_min_us >= known_us) AS short,
                count(*) FILTER (
                    WHERE 2 * gap_min_us < known_us AND 2 * gap_max_us >= known_us
                ) AS possible,
                count(*) FILTER (WHERE 2 * gap_max_us < known_us) AS covered
            FROM public.occupancy_minutes
            WHERE zone_id = ANY (%(zones)s) AND minute >= %(since)s AND minute < %(until)s
                AND known_us >= 30000000
            GROUP BY 1, 2
        ) AS q
        JOIN unnest(%(zones)s::text[], %(time_zones)s::text[]) AS z (zone_id, time_zone)
            USING (zone_id)
    ) AS quarters
    GROUP BY 1, 2, 3
"""
_ROLES: Final = """
    SELECT zone_id, role, sum(short_us)::bigint AS short_us,
        sum(maybe_short_us)::bigint AS maybe_short_us, sum(known_us)::bigint AS known_us
    FROM public.coverage_minutes
    WHERE zone_id = ANY (%(zones)s) AND minute >= %(since)s AND minute < %(until)s
    GROUP BY 1, 2
    ORDER BY zone_id, role COLLATE "C"
"""
_ALERTS: Final = """
    SELECT floor_id, zone_id, rule_id, max(rule_name) AS rule_name, kind, tier,
        count(DISTINCT (alert_id, opened_at)) AS alerts
    FROM public.zone_alerts
    WHERE floor_id = ANY (%(floors)s) AND as_of >= %(since)s AND as_of < %(until)s
        AND action = 'OPENED' AND stage <> 'SILENT'
    GROUP BY 1, 2, 3, 5, 6
    ORDER BY alerts DESC, rule_id, zone_id
"""


class Hour(NamedTuple):
    """An hour of the week on a local clock: weekday 1 (Monday) to 7, hour 0 to 23."""

    weekday: int
    hour: int


class Minutes(NamedTuple):
    """Minutes of an hour of the week in each state."""

    short: int
    possible: int
    covered: int
    not_watched: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """How zones were covered in a time.

    Attributes:
        zones: Minutes in each state by hour of the week, by zone; hours that no clock showed are
            left out.
        roles: Sums of `coverage_minutes`, by zone, sorted by role.
        alerts: Alerts that were opened, counted by floor, zone and rule; silent rules left out.
    """

    zones: Mapping[str, Mapping[Hour, Minutes]]
    roles: Mapping[str, Sequence[Row]]
    alerts: Sequence[Row]


def minutes_of_the_week(since: datetime, until: datetime, time_zone: str) -> dict[Hour, int]:
    """How many minutes of a time each hour of the week has on a local clock.

    The hour that the clock skips has none, the one that it repeats has twice as many.

    Args:
        since: First minute, with a time zone.
        until: Minute after the last.
        time_zone: IANA name.
    """
    zone = ZoneInfo(time_zone)
    found: Counter[Hour] = Counter()
    at = since.astimezone(UTC)
    while at < until:
        start = at - (at - datetime.min.replace(tzinfo=UTC)) % QUARTER
        end = min(start + QUARTER, until)
        local = at.astimezone(zone)
        found[Hour(local.isoweekday(), local.hour)] += int((end - at).total_seconds()) // 60
        at = end
    return dict(found)


def hours_of(
    connection: Connection[Any],
    zones: Mapping[str, tuple[str, Sequence[Span]]],
    floors: Sequence[str],
    since: datetime,
    until: datetime,
) -> Hours:
    """How zones were covered in a time, as it is known now.

    Args:
        connection: To the database; gives rows as dictionaries.
        zones: Time zone of each zone, and when in the time it was in force, whole minutes.
        floors: Floors whose alerts are counted.
        since: First minute, with a time zone.
        until: Minute after the last.
    """
    given = {
        "zones": [*zones],
        "time_zones": [time_zone for time_zone, _ in zones.values()],
        "floors": [*floors],
        "since": since,
        "until": until,
    }
    totals = {
        (*span, name): minutes_of_the_week(*span, name)
        for name, spans in zones.values()
        for span in {*spans}
    }
    watched = {
        (row["zone_id"], Hour(row["weekday"], row["hour"])): row
        for row in connection.execute(_HOURS, given)
    }
    found: dict[str, dict[Hour, Minutes]] = {}
    for zone_id, (time_zone, spans) in zones.items():
        cells = found[zone_id] = {}
        in_force: Counter[Hour] = Counter()
        for span in spans:
            in_force.update(totals[*span, time_zone])
        for hour, total in sorted(in_force.items()):
            row = watched.get((zone_id, hour))
            short, possible, covered = (row[name] if row else 0 for name in _STATES)
            unseen = max(0, total - short - possible - covered)
            cells[hour] = Minutes(short, possible, covered, unseen)
    roles: dict[str, list[Row]] = {}
    for row in connection.execute(_ROLES, given):
        roles.setdefault(row["zone_id"], []).append(row)
    return Hours(zones=found, roles=roles, alerts=connection.execute(_ALERTS, given).fetchall())
