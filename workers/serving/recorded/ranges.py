"""Stays, and how many people were in zones, over a time: what dwell, movement and curves need."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from psycopg import Connection, sql
from psycopg.rows import tuple_row

from workers.serving.recorded.figures import Row
from workers.serving.recorded.visits import StayRow

Schema = Literal["live", "public"]

LOOKED_BACK: Final = timedelta(days=7)
"""A stay that began longer before the time, and did not end in it, is not found."""

_BEFORE: Final = timedelta(days=1)
"""Stays that ended up to this before the time are read with it: a visit may go on from there."""

_STAYS: Final = """
    WITH wrong AS MATERIALIZED (
        SELECT zone_id, corrects AS seq FROM {schema}.zone_events
        WHERE zone_id = ANY (%(zones)s) AND corrects IS NOT NULL
    ), told AS MATERIALIZED (
        SELECT e.zone_id, e.person_id, e.entered_at, e.kind, e.at
        FROM {schema}.zone_events AS e
        WHERE e.zone_id = ANY (%(zones)s) AND e.kind IN ('ENTERED', 'LEFT')
            AND e.at >= %(oldest)s AND e.at < %(until)s
            AND (e.zone_id, e.seq) NOT IN (SELECT zone_id, seq FROM wrong)
    )
    SELECT zone_id, person_id, (extract(epoch FROM entered_at) * 1000000)::bigint AS entered_us,
        (extract(epoch FROM at) * 1000000)::bigint
    FROM told
    WHERE kind = 'LEFT' AND at >= %(since)s
    UNION ALL
    SELECT zone_id, person_id, (extract(epoch FROM entered_at) * 1000000)::bigint, NULL
    FROM told AS e
    WHERE kind = 'ENTERED' AND (zone_id, person_id, entered_at) NOT IN (
        SELECT zone_id, person_id, entered_at FROM told WHERE kind = 'LEFT'
    )
"""
_ROOM: Final = "SET LOCAL work_mem = '64MB'"
"""For the hashes of a month's visits; a step of a plan that has less goes over the disk."""
_LINKS: Final = """
    SELECT from_person_id, to_person_id FROM {schema}.links
    WHERE kind IN ('REIDENTIFICATION', 'HAND_OVER', 'MERGE')
        AND at >= %(oldest)s AND at < %(until)s
"""
_THROUGH: Final = """
    SELECT z.zone_id, (extract(epoch FROM m.minute) * 1000000)::bigint + 60000000 AS us
    FROM unnest(%(zones)s::text[]) AS z (zone_id)
    CROSS JOIN LATERAL (
        SELECT o.minute FROM {schema}.occupancy_minutes AS o
        WHERE o.zone_id = z.zone_id AND o.minute >= %(since)s AND o.minute < %(until)s
        ORDER BY o.minute DESC
        LIMIT 1
    ) AS m
"""
_CURVES: Final = """
    SELECT zone_id, time_bucket(%(step)s, minute, %(since)s::timestamptz) AS at,
        sum(known_us)::bigint AS known_us, sum(people_us)::bigint AS people_us,
        min(people_min) AS people_min, max(people_max) AS people_max,
        sum(identified_us)::bigint AS identified_us, sum(scheduled_us)::bigint AS scheduled_us,
        sum(required_us)::bigint AS required_us, sum(gap_min_us)::bigint AS gap_min_us,
        sum(gap_max_us)::bigint AS gap_max_us
    FROM {schema}.occupancy_minutes
    WHERE zone_id = ANY (%(zones)s) AND minute >= %(since)s AND minute < %(until)s
    GROUP BY 1, 2
"""


def stays_of(
    connection: Connection[Any],
    schema: Schema,
    zone_ids: Sequence[str],
    since: datetime,
    until: datetime,
) -> tuple[list[StayRow], list[tuple[str, str]]]:
    """Stays that were open in a time or ended shortly before it, and pairs of linked ids.

    Args:
        connection: To the database; gives rows as dictionaries.
        schema: `live` for what was shown then, `public` for what is known now.
        zone_ids: The zones.
        since: Start of the time, with a time zone.
        until: End of the time; who left later is still there.
    """
    oldest = since - LOOKED_BACK
    given = {"zones": [*zone_ids], "oldest": oldest, "since": since - _BEFORE, "until": until}
    name = sql.Identifier(schema)
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_ROOM)
        cursor.execute(sql.SQL(_STAYS).format(schema=name), given)
        stays: list[StayRow] = cursor.fetchall()
        links = cursor.execute(sql.SQL(_LINKS).format(schema=name), given).fetchall()
    return stays, links


def curves_of(
    connection: Connection[Any],
    schema: Schema,
    zone_ids: Sequence[str],
    since: datetime,
    until: datetime,
    step: timedelta,
) -> list[Row]:
    """Sums of `occupancy_minutes` in steps from the start of a time; steps without any left out.

    Args:
        connection: To the database; gives rows as dictionaries.
        schema: `live` for what was shown then, `public` for what is known now.
        zone_ids: The zones.
        since: First minute, with a time zone.
        until: Minute after the last.
        step: Length of a step; whole minutes.
    """
    given = {"zones": [*zone_ids], "since": since, "until": until, "step": step}
    query = sql.SQL(_CURVES).format(schema=sql.Identifier(schema))
    rows: list[Row] = connection.execute(query, given).fetchall()
    return rows


def known_through(
    connection: Connection[Any],
    schema: Schema,
    zone_ids: Sequence[str],
    since: datetime,
    until: datetime,
) -> dict[str, int]:
    """End of the newest minute of each zone that has a figure, UTC microseconds; by zone.

    Args:
        connection: To the database; gives rows as dictionaries.
        schema: `live` for what was shown then, `public` for what is known now.
        zone_ids: The zones.
        since: Start of the time, with a time zone.
        until: End of the time.
    """
    given = {"zones": [*zone_ids], "since": since, "until": until}
    query = sql.SQL(_THROUGH).format(schema=sql.Identifier(schema))
    return {row["zone_id"]: row["us"] for row in connection.execute(query, given)}
