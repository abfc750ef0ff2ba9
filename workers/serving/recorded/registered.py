"""Zones that were in force at a moment, with the clock of each, and what revises them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection, sql

from streams.domain.facts.versions import VISIBLE_AFTER_US
from workers.serving.recorded.figures import Row

IN_FORCE: Final = """
    SELECT f.* FROM (
        SELECT DISTINCT ON (v.{identity}) v.* FROM {table} AS v
        WHERE v.valid_from <= %(at)s AND v.recorded_at + %(visible)s * INTERVAL '1 us' <= %(at)s
        ORDER BY v.{identity}, v.version DESC
    ) AS f
    WHERE NOT f.removed
    ORDER BY f.{identity}
"""
_REVISIONS: Final = """
    SELECT DISTINCT revision FROM public.revisions_in_force
    WHERE table_name = ANY (%(tables)s) AND key = ANY (%(zones)s)
        AND first < %(until)s AND last >= %(since)s
    ORDER BY revision
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Zones:
    """Zones in force at a moment.

    Attributes:
        rows: Versions of them, by order, name and id.
        time_zones: IANA name of the clock of each zone's floor; UTC where that is not registered.
    """

    rows: Sequence[Row]
    time_zones: Mapping[str, str]

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [row["zone_id"] for row in self.rows]


def zones_in_force(
    connection: Connection[Any], at: datetime, shown: Callable[[Row], bool]
) -> Zones:
    """Zones that were in force at a moment, and of which something is asked.

    Args:
        connection: To the database; gives rows as dictionaries.
        at: The moment, with a time zone.
        shown: Whether a zone, as a row of `zones`, is asked for.
    """
    given = {"at": at, "visible": VISIBLE_AFTER_US}
    zones, floors = (
        connection.execute(
            sql.SQL(IN_FORCE).format(
                table=sql.Identifier(table), identity=sql.Identifier(identity)
            ),
            given,
        ).fetchall()
        for table, identity in (("zones", "zone_id"), ("floors", "floor_id"))
    )
    rows = sorted(
        (row for row in zones if shown(row)),
        key=lambda row: (row["sort_order"], row["name"] or row["zone_id"], row["zone_id"]),
    )
    clock_of = {row["floor_id"]: row["time_zone"] for row in floors}
    return Zones(
        rows=rows,
        time_zones={row["zone_id"]: clock_of.get(row["floor_id"], "UTC") for row in rows},
    )


def revisions_of(
    connection: Connection[Any],
    tables: Sequence[str],
    zone_ids: Sequence[str],
    since: datetime,
    until: datetime,
) -> list[int]:
    """Revisions in force that decide rows of zones in a time, in order.

    Args:
        connection: To the database; gives rows as dictionaries.
        tables: Tables that are read, without their schema.
        zone_ids: The zones.
        since: Start of the time, with a time zone.
        until: End of the time.
    """
    given = {"tables": [*tables], "zones": [*zone_ids], "since": since, "until": until}
    return [row["revision"] for row in connection.execute(_REVISIONS, given)]
