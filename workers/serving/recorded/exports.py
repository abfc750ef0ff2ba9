"""Minutes of zones as rows of a file: read in pieces, so that no file is held in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from psycopg import Connection, sql
from psycopg.rows import tuple_row

from workers.serving.recorded.ranges import Schema

TableName = Literal["occupancy", "coverage"]
Kind = Literal["time", "text", "whole", "number"]

MOST_ROWS: Final = 20_000
"""About as many rows has a piece."""

_ROLES_OF_ZONE: Final = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    Attributes:
        name: Its name.
        kind: Of what its values are.
        unit: Unit of its values; empty where they have none.
        value: The same in SQL, over the row `m` of the table and the zone `z`.
    """

    name: str
    kind: Kind
    unit: str
    value: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be exported.

    Attributes:
        reads: Table of minutes that it is read from.
        columns: Its columns.
        key: What each row is known by, as SQL orders by it.
        rows_per_minute: About how many rows a zone has for a minute.
    """

    reads: str
    columns: Sequence[Column]
    key: str
    rows_per_minute: int


def _average(name: str, unit: str) -> Column:
    return Column(f"{name}_avg", "number", unit, f"m.{name}_us::double precision / m.known_us")


def _seconds(name: str) -> Column:
    return Column(f"{name}_s", "number", "s", f"m.{name}_us::double precision / 1000000")


_ZONE: Final = (
    Column("minute_utc", "time", "start of the minute, UTC", "m.minute"),
    Column("zone_id", "text", "", "m.zone_id"),
    Column("zone_name", "text", "", "z.name"),
    Column("floor_id", "text", "", "z.floor_id"),
)

TABLES: Final[dict[TableName, Table]] = {
    "occupancy": Table(
        "occupancy_minutes",
        (
            *_ZONE,
            _seconds("known"),
            _average("people", "people"),
            Column("people_min", "whole", "people", "m.people_min"),
            Column("people_max", "whole", "people", "m.people_max"),
            _average("identified", "people"),
            _average("scheduled", "staff"),
            _average("required", "staff"),
            _average("gap_min", "staff"),
            _average("gap_max", "staff"),
        ),
        "m.minute, m.zone_id",
        1,
    ),
    "coverage": Table(
        "coverage_minutes",
        (
            *_ZONE,
            Column("role", "text", "", "m.role"),
            _seconds("known"),
            _average("present_min", "people"),
            _average("present_max", "people"),
            _average("scheduled", "staff"),
            _average("required", "staff"),
            _average("gap_min", "staff"),
            _average("gap_max", "staff"),
            _seconds("short"),
            _seconds("maybe_short"),
        ),
        'm.minute, m.zone_id, m.role COLLATE "C"',
        _ROLES_OF_ZONE,
    ),
}
"""What can be exported. A column is only ever added, at the end."""

_ROWS: Final = """
    SELECT {values} FROM {table} AS m
    JOIN unnest(%(zones)s::text[], %(names)s::text[], %(floors)s::text[])
        AS z (zone_id, name, floor_id) USING (zone_id)
    WHERE m.zone_id = ANY (%(zones)s) AND m.minute >= %(since)s AND m.minute < %(until)s
        AND m.known_us > 0
    ORDER BY {key}
"""


def pieces(
    table: Table, zones: int, since: datetime, until: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of a time that are read one after the other, each with about `MOST_ROWS` rows."""
    minutes = max(1, MOST_ROWS // max(1, zones * table.rows_per_minute))
    at = since
    while at < until:
        end = min(at + timedelta(minutes=minutes), until)
        yield at, end
        at = end


def rows_of(
    connection: Connection[Any],
    schema: Schema,
    table: Table,
    zones: Sequence[tuple[str, str, str]],
    since: datetime,
    until: datetime,
) -> list[tuple[Any, ...]]:
    """Rows of a table in a time, with the columns of the file, in order.

    Args:
        connection: To the database.
        schema: `live` for what was shown then, `public` for what is known now.
        table: The table.
        zones: Id, name and floor of each zone.
        since: First minute, with a time zone.
        until: Minute after the last.
    """
    ids, names, floors = zip(*zones, strict=True) if zones else ((), (), ())
    given = {"zones": [*ids], "names": [*names], "floors": [*floors]}
    values = sql.SQL(", ").join(sql.SQL(one.value) for one in table.columns)
    query = sql.SQL(_ROWS).format(
        values=values,
        table=sql.Identifier(schema, table.reads),
        key=sql.SQL(table.key),
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query, {**given, "since": since, "until": until}).fetchall()
