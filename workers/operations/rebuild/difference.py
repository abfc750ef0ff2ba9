"""Where the rebuilt rows differ from what analysts read now, table by table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec
import psycopg
from psycopg import sql

from workers.operations.rebuild.queries import template
from workers.storage.timescale.compared import COMPARED, Compared
from workers.storage.timescale.rebuild_schema import columns_of, schema_of

SHOWN = 5
"""Differences of a table that are reported one by one."""


class RowDifference(msgspec.Struct, frozen=True):
    """One row that differs.

    Attributes:
        what: CHANGED, ADDED or REMOVED.
        key: Zone, floor or camera.
        at: Time of the row.
        columns: For a changed row, the current and the rebuilt value by column.
    """

    what: str
    key: str
    at: datetime
    columns: dict[str, tuple[Any, Any]]


class Stretch(msgspec.Struct, frozen=True):
    """Where the rows of one zone, floor or camera differ: from the first row to the last."""

    key: str
    first: datetime
    last: datetime
    rows: int


class TableDifference(msgspec.Struct, frozen=True):
    """How one table differs.

    Attributes:
        table: Its name.
        rows: Rebuilt rows within the bounds.
        changed: Rows whose values differ.
        added: Rows that only the rebuild has.
        removed: Rows that only the pipeline has.
        stretches: Where the rows of each key differ.
        first: The first few differences, by time.
    """

    table: str
    rows: int
    changed: int
    added: int
    removed: int
    stretches: tuple[Stretch, ...]
    first: tuple[RowDifference, ...]

    @property
    def any(self) -> bool:
        """Whether any row differs."""
        return bool(self.changed or self.added or self.removed)


def compare_tables(connection: psycopg.Connection, revision: int) -> list[TableDifference]:
    """Compare every table within the bounds; rows that differ are kept in `apart_<table>`."""
    return [_compare(connection, table, revision) for table in COMPARED]


def apart(table: Compared) -> str:
    """Table with the rows that differ, in the schema of the rebuild."""
    return f"apart_{table.name}"


def _compare(connection: psycopg.Connection, table: Compared, revision: int) -> TableDifference:
    schema = sql.Identifier(schema_of(revision))
    into = sql.SQL("{}.{}").format(schema, sql.Identifier(apart(table)))
    columns = [
        name
        for name in columns_of(connection, table.name)
        if name not in table.by.identity and name not in table.by.ignored
    ]
    with connection.transaction():
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(into))
        connection.execute(
            template("compare_table").format(
                into=into,
                schema=schema,
                name=sql.Identifier(table.name),
                key=sql.Identifier(table.by.key),
                time=sql.Identifier(table.by.time),
                within=within(table, revision),
                same=_joined("h.{0} = m.{0}", table.by.identity, " AND "),
                differ=_joined("h.{0} IS DISTINCT FROM m.{0}", columns, " OR "),
            )
        )
        return _summed(connection, table, revision, into, columns)


def _summed(
    connection: psycopg.Connection,
    table: Compared,
    revision: int,
    into: sql.Composed,
    columns: Sequence[str],
) -> TableDifference:
    """Count the rows that differ, and keep the first few."""
    compared = sql.SQL("SELECT count(*) FROM {}.{} AS t {}").format(
        sql.Identifier(schema_of(revision)), sql.Identifier(table.name), within(table, revision)
    )
    by_what = sql.SQL("SELECT what, count(*) FROM {} GROUP BY what").format(into)
    by_key = sql.SQL(
        "SELECT key, min(at), max(at), count(*) FROM {} GROUP BY key ORDER BY key"
    ).format(into)
    first = sql.SQL(
        "SELECT what, key, at, held, made FROM {} ORDER BY at, key, what LIMIT {}"
    ).format(into, sql.Literal(SHOWN))
    rows = connection.execute(compared).fetchone()
    counts = {str(what): int(number) for what, number in connection.execute(by_what).fetchall()}
    return TableDifference(
        table.name,
        0 if rows is None else rows[0],
        counts.get("CHANGED", 0),
        counts.get("ADDED", 0),
        counts.get("REMOVED", 0),
        tuple(Stretch(*row) for row in connection.execute(by_key)),
        tuple(
            RowDifference(what, key, at, _apart(held, made, columns))
            for what, key, at, held, made in connection.execute(first)
        ),
    )


def _joined(
    condition: LiteralString, columns: Sequence[str], word: LiteralString
) -> sql.Composable:
    """One condition for each column; false where there is none."""
    parts = [sql.SQL(condition).format(sql.Identifier(column)) for column in columns]
    return sql.SQL(word).join(parts) if parts else sql.SQL("false")


def within(table: Compared, revision: int) -> sql.Composed:
    """Join of rows `t` with the bounds of the rebuild.

    A track that continued after the rebuilt part is left out: the rebuild has only a part.
    """
    schema = sql.Identifier(schema_of(revision))
    parts: dict[str, sql.Composable] = {
        "schema": schema,
        "kind": sql.Literal(table.by.kind),
        "key": sql.Identifier(table.by.key),
        "time": sql.Identifier(table.by.time),
    }
    join = "JOIN {schema}.bounds AS b ON b.kind = {kind} AND b.key = t.{key}"
    if table.is_rollup:
        join += " WHERE t.{time} >= b.minutes_from AND t.{time} < b.minutes_until"
    else:
        join += " WHERE t.{time} > b.after AND t.{time} <= b.through"
    if table.name == "tracks":
        join += (
            " AND NOT EXISTS (SELECT FROM live.tracks AS o WHERE o.camera_id = t.camera_id"
            " AND o.track_id = t.track_id AND o.started_at = t.started_at"
            " AND o.seq > b.through_seq)"
        )
    return sql.SQL(join).format(**parts)


def _apart(
    held: dict[str, Any] | None, made: dict[str, Any] | None, compared: Sequence[str]
) -> dict[str, tuple[Any, Any]]:
    if held is None or made is None:
        return {}
    return {name: (held[name], made[name]) for name in compared if held[name] != made[name]}
