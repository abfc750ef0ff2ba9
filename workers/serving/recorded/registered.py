"""Zones that were in force in a time, with the clock of each, and what revises them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
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


_ZONE_VERSIONS: Final = """
    SELECT v.*, greatest(v.valid_from, v.recorded_at + %(visible)s * INTERVAL '1 us') AS from_at
    FROM zones AS v
    WHERE greatest(v.valid_from, v.recorded_at + %(visible)s * INTERVAL '1 us') < %(until)s
    ORDER BY v.zone_id, from_at, v.version
"""

Span = tuple[datetime, datetime]
"""From when to when, the end left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Zones:
    """Zones that were in force in a time or a part of it.

    Attributes:
        rows: The last version of each that was in force in the time, by order, name and id.
        time_zones: IANA name of the clock of each zone's floor; UTC where that is not registered.
        spans: When in the time each was in force.
        until: End of the time.
    """

    rows: Sequence[Row]
    time_zones: Mapping[str, str]
    spans: Mapping[str, Sequence[Span]]
    until: datetime

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [row["zone_id"] for row in self.rows]

    def removed_at(self, zone_id: str) -> datetime | None:
        """When a zone was removed that was not in force at the end any more, else None."""
        end = self.spans[zone_id][-1][1]
        return end if end < self.until else None


def zones_in_force(
    connection: Connection[Any], since: datetime, until: datetime, shown: Callable[[Row], bool]
) -> Zones:
    """Zones that were in force in a time or a part of it, and of which something is asked.

    Args:
        connection: To the database; gives rows as dictionaries.
        since: Start of the time, with a time zone.
        until: End of it.
        shown: Whether a zone, as a row of `zones` with `removed_at`, is asked for; that is None
            for one in force at the end.
    """
    given = {"at": until, "until": until, "visible": VISIBLE_AFTER_US}
    floors = connection.execute(
        sql.SQL(IN_FORCE).format(
            table=sql.Identifier("floors"), identity=sql.Identifier("floor_id")
        ),
        given,
    ).fetchall()
    rows: list[Row] = []
    spans: dict[str, list[Span]] = {}
    versions = connection.execute(_ZONE_VERSIONS, given).fetchall()
    for zone_id, each in groupby(versions, key=itemgetter("zone_id")):
        newest, found = in_force([*each], since, until)
        if newest is None:
            continue
        end = found[-1][1]
        row = {**newest, "removed_at": end if end < until else None}
        if shown(row):
            rows.append(row)
            spans[zone_id] = found
    rows.sort(key=lambda row: (row["sort_order"], row["name"] or row["zone_id"], row["zone_id"]))
    clock_of = {row["floor_id"]: row["time_zone"] for row in floors}
    return Zones(
        rows=rows,
        time_zones={row["zone_id"]: clock_of.get(row["floor_id"], "UTC") for row in rows},
        spans=spans,
        until=until,
    )


def in_force(
    versions: Sequence[Row], since: datetime, until: datetime
) -> tuple[Row | None, list[Span]]:
    """The last version of a thing that was in force in a time, and when the thing was.

    Args:
        versions: All its versions that came into force before the end, with `from_at`, sorted by it
            and the version. Of those that came, the highest is in force.
        since: Start of the time.
        until: End of it.
    """
    newest: Row | None = None
    last: Row | None = None
    spans: list[Span] = []
    ends = [one["from_at"] for one in versions[1:]]
    for version, next_at in zip(versions, [*ends, until], strict=True):
        if newest is None or version["version"] > newest["version"]:
            newest = version
        start, end = max(version["from_at"], since), min(next_at, until)
        if newest["removed"] or start >= end:
            continue
        last = newest
        if spans and spans[-1][1] == start:
            start = spans.pop()[0]
        spans.append((start, end))
    return last, spans


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
