"""All zones at one moment of the past: figures, alerts, and where people were.

Schema `live` has what the pipeline wrote, so what was shown then; `public` has it with the
revisions in force, so what is known now. Every question is bounded in time by an index.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

from psycopg import Connection, sql

from streams.domain.facts.versions import VISIBLE_AFTER_US
from workers.serving.recorded.figures import Row
from workers.serving.recorded.hours import Hours, hours_of
from workers.serving.recorded.pool import reading_pool
from workers.serving.recorded.ranges import Schema
from workers.serving.recorded.registered import IN_FORCE, Span, Zones, revisions_of, zones_in_force
from workers.storage.timescale.connection import database_errors

T = TypeVar("T")

MOST_DAYS_OPEN: Final = 28
"""An alert that nothing was decided about for longer is not looked for, days."""

MINUTE: Final = timedelta(minutes=1)
_FRESH: Final = timedelta(minutes=1)
_OLDEST: Final = timedelta(days=1)
"""A figure is looked for within the first time, where nearly all have one; else within this."""


_MINUTE_TABLES: Final = ("occupancy_minutes", "coverage_minutes")
_FIRST_MINUTES: Final = """
    SELECT zone_id, date_trunc('minute', min(valid_from)) AS first FROM zones
    WHERE zone_id = ANY (%(zones)s) GROUP BY zone_id
"""
_FIGURES: Final = """
    SELECT o.* FROM unnest(%(zones)s::text[]) AS asked (zone_id)
    CROSS JOIN LATERAL (
        SELECT * FROM {schema}.zone_occupancy AS f
        WHERE f.zone_id = asked.zone_id AND f.as_of <= %(at)s
            AND f.as_of > %(at)s - %(within)s::interval
        ORDER BY f.as_of DESC, f.seq DESC
        LIMIT 1
    ) AS o
"""
_ROLES: Final = """
    SELECT c.* FROM unnest(%(zones)s::text[], %(seqs)s::bigint[], %(times)s::timestamptz[])
        AS asked (zone_id, seq, as_of)
    JOIN {schema}.coverage AS c USING (zone_id, seq, as_of)
    WHERE c.as_of BETWEEN %(first)s AND %(last)s
    ORDER BY c.zone_id, c.role COLLATE "C"
"""
_TICKS: Final = """
    SELECT asked.floor_id, t.as_of FROM unnest(%(floors)s::text[]) AS asked (floor_id)
    CROSS JOIN LATERAL (
        SELECT as_of FROM {schema}.floor_coverage AS f
        WHERE f.floor_id = asked.floor_id AND f.as_of <= %(at)s
            AND f.as_of > %(at)s - INTERVAL '1 day' AND f.at <= %(at)s
            AND f.at > %(at)s - INTERVAL '1 day'
        ORDER BY f.as_of DESC
        LIMIT 1
    ) AS t
"""
_ALERTS: Final = """
    WITH newest AS MATERIALIZED (  -- hashed, for a sort of so many rows takes longer
        SELECT a.floor_id, a.alert_id, max(a.as_of) AS as_of
        FROM {schema}.zone_alerts AS a
        WHERE a.floor_id = ANY (%(floors)s) AND a.as_of <= %(at)s
            AND a.as_of > %(at)s - %(days)s * INTERVAL '1 day'
        GROUP BY a.floor_id, a.alert_id
    )
    SELECT a.* FROM newest AS n
    CROSS JOIN LATERAL (
        SELECT * FROM {schema}.zone_alerts AS o
        WHERE o.floor_id = n.floor_id AND o.alert_id = n.alert_id AND o.as_of = n.as_of
        ORDER BY o.seq DESC
        LIMIT 1
    ) AS a
    WHERE a.action <> 'CLOSED'
    ORDER BY a.floor_id, a.opened_at, a.alert_id
"""
_REVISIONS: Final = """
    SELECT r.key, max(r.revision) AS revision
    FROM unnest(%(keys)s::text[], %(times)s::timestamptz[]) AS asked (key, as_of)
    JOIN revisions_in_force AS r ON r.key = asked.key AND asked.as_of BETWEEN r.first AND r.last
    WHERE r.table_name = ANY (%(tables)s)
    GROUP BY r.key
"""
_PEOPLE: Final = """
    SELECT p.* FROM {schema}.positions AS p
    WHERE p.floor_id = %(floor)s AND p.as_of <= %(at)s AND p.at = (
        SELECT max(q.at) FROM {schema}.positions AS q
        WHERE q.floor_id = %(floor)s AND q.as_of <= %(at)s
            AND q.at <= %(at)s AND q.at > %(at)s - INTERVAL '6 seconds'
    )
    ORDER BY p.person_id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """Zones in force in a time, and how they were covered.

    Attributes:
        zones: The zones.
        hours: How they were covered.
        revisions: Revisions in force that decide some of it.
    """

    zones: Zones
    hours: Hours
    revisions: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What was known of all zones at one moment.

    Attributes:
        zones: Zones in force, as versions of them.
        floors: Floors in force, by id.
        figures: Row of `zone_occupancy` that was the newest, by zone.
        roles: Rows of `coverage` of that figure, by zone, sorted by role.
        ticks: Newest tick of each floor.
        alerts: Rows of `zone_alerts` of alerts that were open, by floor.
        revisions: Revision that decides figures, by zone, or alerts, by floor; none of what was
            shown.
    """

    zones: Sequence[Row]
    floors: Mapping[str, Row]
    figures: Mapping[str, Row]
    roles: Mapping[str, Sequence[Row]]
    ticks: Mapping[str, datetime]
    alerts: Mapping[str, Sequence[Row]]
    revisions: Mapping[str, int]


class PastZones:
    """Reads moments of the past from the database; use it as a context.

    Args:
        dsn: Address of the database; holds the password.
    """

    def __init__(self, dsn: str) -> None:
        self._pool = reading_pool(
            dsn,
            "past",
            options="-c jit=off",
            prepare_threshold=None,  # a plan for any moment looks into every chunk
        )

    def __enter__(self) -> Self:
        """The past itself, open."""
        self._pool.open()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection."""
        self._pool.close()

    def of(self, schema: Schema, at: datetime, floor_id: str | None = None) -> Past:
        """All zones at a moment.

        Args:
            schema: `live` for what was shown then, `public` for what is known now.
            at: The moment, with a time zone.
            floor_id: Only zones of this floor; None for all.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        given: dict[str, Any] = {"at": at, "visible": VISIBLE_AFTER_US, "days": MOST_DAYS_OPEN}
        with database_errors(), self._pool.connection() as connection:

            def rows(query: str, **names: str) -> list[dict[str, Any]]:
                named = {name: sql.Identifier(text) for name, text in names.items()}
                found: list[dict[str, Any]] = connection.execute(
                    sql.SQL(query).format(**named), given
                ).fetchall()
                return found

            floors = {
                row["floor_id"]: row
                for row in rows(IN_FORCE, table="floors", identity="floor_id")
                if floor_id in (None, row["floor_id"])
            }
            zones = [
                row
                for row in rows(IN_FORCE, table="zones", identity="zone_id")
                if floor_id in (None, row["floor_id"])
            ]
            given |= {"zones": [row["zone_id"] for row in zones], "floors": [*floors]}
            figures: dict[str, Row] = {}
            for within in (_FRESH, _OLDEST):
                given["zones"] = [one["zone_id"] for one in zones if one["zone_id"] not in figures]
                given["within"] = within
                figures |= {row["zone_id"]: row for row in rows(_FIGURES, schema=schema)}
            times = [row["as_of"] for row in figures.values()]
            given |= {
                "zones": [*figures],
                "seqs": [row["seq"] for row in figures.values()],
                "times": times,
                "first": min(times, default=at),
                "last": max(times, default=at),
            }
            roles = _by("zone_id", rows(_ROLES, schema=schema))
            ticks = {row["floor_id"]: row["as_of"] for row in rows(_TICKS, schema=schema)}
            alerts = _by("floor_id", rows(_ALERTS, schema=schema))
            revisions: dict[str, int] = {}
            if schema == "public":
                for tables, keys in (
                    (["zone_occupancy", "coverage"], [row["zone_id"] for row in zones]),
                    (["zone_alerts"], [*floors]),
                ):
                    times = [figures[key]["as_of"] if key in figures else at for key in keys]
                    given |= {"tables": tables, "keys": keys, "times": times}
                    revisions |= {row["key"]: row["revision"] for row in rows(_REVISIONS)}
        return Past(
            zones=zones,
            floors=floors,
            figures=figures,
            roles=roles,
            ticks=ticks,
            alerts=alerts,
            revisions=revisions,
        )

    def hours(
        self,
        since: datetime,
        until: datetime,
        shown: Callable[[Row], bool],
    ) -> Registered:
        """How zones that were in force in a time were covered, as it is known now.

        Args:
            since: First minute, with a time zone.
            until: Minute after the last.
            shown: Whether a zone, as a row of `zones`, is asked for.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        with database_errors(), self._pool.connection() as connection:
            zones = zones_in_force(connection, since, until, shown)
            firsts = {
                row["zone_id"]: row["first"]
                for row in connection.execute(_FIRST_MINUTES, {"zones": zones.ids})
            }
            clocks = {
                zone: (clock, _minutes(zones.spans[zone], max(since, firsts[zone])))
                for zone, clock in zones.time_zones.items()
            }
            floor_ids = sorted({row["floor_id"] for row in zones.rows})
            hours = hours_of(connection, clocks, floor_ids, since, until)
            revisions = revisions_of(connection, _MINUTE_TABLES, zones.ids, since, until)
        return Registered(
            zones=zones,
            hours=hours,
            revisions=revisions,
        )

    def ask(self, work: Callable[[Connection[Any]], T]) -> T:
        """What a question finds that is put over a connection of its own.

        Args:
            work: Asks; it gets rows as dictionaries, and each statement is a transaction.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        with database_errors(), self._pool.connection() as connection:
            return work(connection)

    def people(self, schema: Schema, at: datetime, floor_id: str) -> Sequence[Row]:
        """Where everybody on a floor was: rows of `positions` of the newest second that has any.

        The second is at most six seconds old, so that a rarer interval of positions is found too.

        Args:
            schema: `live` for what was shown then, `public` for what is known now.
            at: The moment, with a time zone.
            floor_id: The floor.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        query = sql.SQL(_PEOPLE).format(schema=sql.Identifier(schema))
        with database_errors(), self._pool.connection() as connection:
            found: list[Row] = connection.execute(query, {"at": at, "floor": floor_id}).fetchall()
        return found


def _minutes(spans: Sequence[Span], first: datetime) -> list[Span]:
    """When a zone was in force, in whole minutes.

    From its first minute on, though it be registered later: the figures of that time count.
    """
    found = []
    for number, (start, end) in enumerate(spans):
        since = first if number == 0 else start.replace(second=0, microsecond=0)
        last_minute = end.replace(second=0, microsecond=0)
        found.append((since, last_minute if end == last_minute else last_minute + MINUTE))
    return found


def _by(name: str, rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found
