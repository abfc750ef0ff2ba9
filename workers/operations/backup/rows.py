"""Copy rows of our tables out of one database and into another (ADR 0010).

They travel in PostgreSQL's text format, in the order of their keys: the same rows are the same
bytes, whichever server holds them, so that a digest over them shows whether they are all there.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from runtime.errors import Stop
from runtime.storage.objects import ObjectStore
from workers.operations.backup.manifest import Manifest, TableCopy
from workers.operations.backup.objects import TextWriter, lines_of
from workers.operations.backup.tables import Shape, names_of, shapes

_PROGRESS = "sink_progress"


class Later(NamedTuple):
    """A topic's key with more records in the database than in a backup.

    Attributes:
        topic: Name of the topic, without the run's prefix.
        key: Key within the topic.
        seq: `seq` of the key's last record in the database.
        copied: `seq` of the key's last record in the backup; 0 for none.
    """

    topic: str
    key: str
    seq: int
    copied: int


def copy_out(
    connection: psycopg.Connection, shape: Shape, since_us: int | None, store: ObjectStore
) -> TableCopy:
    """Write a table's rows into a backup.

    Raises:
        Retry: The store is out of reach.
        Stop: The store refuses us.
    """
    writer = TextWriter(store)
    for line in _lines(connection, shape, since_us):
        writer.write(line)
    return TableCopy(shape.name, shape.columns, shape.time, writer.close())


def recount(connection: psycopg.Connection, shape: Shape, since_us: int | None) -> tuple[int, str]:
    """Count the rows of a table, and compute the digest over them."""
    whole, rows = hashlib.sha256(), 0
    for line in _lines(connection, shape, since_us):
        whole.update(line)
        rows += 1
    return rows, whole.hexdigest()


def difference(connection: psycopg.Connection, manifest: Manifest) -> str | None:
    """Describe the first table that differs from the manifest; None if none does."""
    found = {shape.name: shape for shape in shapes(connection, [t.name for t in manifest.tables])}
    for table in manifest.tables:
        shape = found.get(table.name)
        if shape is None:
            return f"table {table.name} is not there"
        if shape.columns != table.columns:
            return f"table {table.name} has other columns"
        rows, sha256 = recount(connection, shape, manifest.since_us)
        if rows != table.rows.lines:
            return f"table {table.name} has {rows} rows, {table.rows.lines} were copied"
        if sha256 != table.rows.sha256:
            return f"table {table.name} has {rows} rows, as were copied, but others"
    return None


def later(connection: psycopg.Connection, manifest: Manifest, store: ObjectStore) -> list[Later]:
    """Find keys that have records in the database and not in a backup, by the sink's progress.

    Times cannot show it: a replayed or late record is older than a backup made before it came.

    Raises:
        Stop: An object is gone or altered.
        Retry: The store is out of reach.
    """
    table = next(copy for copy in manifest.tables if copy.name == _PROGRESS)
    copied = sql.Identifier("copied_progress")
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(
            copied, sql.Identifier(_PROGRESS)
        )
    )
    copy_in(connection, copied, table, lines_of(store, table.rows))
    found = connection.execute(
        sql.SQL(
            "SELECT p.topic, p.key, p.seq, coalesce(c.seq, 0) FROM {} AS p"
            " LEFT JOIN {} AS c USING (topic, key)"
            " WHERE p.seq > coalesce(c.seq, 0) ORDER BY p.topic, p.key"
        ).format(sql.Identifier(_PROGRESS), copied)
    )
    return [Later(*row) for row in found.fetchall()]


def load(connection: psycopg.Connection, manifest: Manifest, store: ObjectStore) -> None:
    """Replace the rows that a backup covers with its own, in the open transaction.

    Raises:
        Stop: A table differs from the backup's, an object is gone or altered, or the rows
            are not those of the manifest afterwards.
        Retry: The store is out of reach.
    """
    found = {shape.name: shape for shape in shapes(connection, [t.name for t in manifest.tables])}
    for table in manifest.tables:
        shape = found.get(table.name)
        if shape is None or shape.columns != table.columns:
            raise Stop(f"table {table.name} is not as it was when it was copied")
        _replace(connection, shape, table, manifest.since_us, lines_of(store, table.rows))
    for name, value in manifest.sequences.items():
        connection.execute("SELECT setval(%s::regclass, %s)", [name, value])
    wrong = difference(connection, manifest)
    if wrong is not None:
        raise Stop(f"after loading, {wrong}: nothing was changed")


def _replace(
    connection: psycopg.Connection,
    shape: Shape,
    table: TableCopy,
    since_us: int | None,
    lines: Iterator[bytes],
) -> None:
    name = sql.Identifier(shape.name)
    if since_us is None or shape.time is None:
        connection.execute(sql.SQL("TRUNCATE {}").format(name))
        copy_in(connection, name, table, lines)
        return
    stage = sql.Identifier(f"restored_{shape.name}")
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(stage, name)
    )
    copy_in(connection, stage, table, lines)
    same = sql.SQL(" AND ").join(
        sql.SQL("t.{0} = s.{0}").format(sql.Identifier(column)) for column in shape.key
    )
    newer = shape.newer(shape.time, since_us)
    connection.execute(sql.SQL("DELETE FROM {} WHERE {}").format(name, newer))
    connection.execute(
        sql.SQL("DELETE FROM {} AS t USING {} AS s WHERE {}").format(name, stage, same)
    )
    connection.execute(
        sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {2}").format(
            name, names_of(table.columns), stage
        )
    )


def copy_in(
    connection: psycopg.Connection, name: sql.Identifier, table: TableCopy, lines: Iterator[bytes]
) -> None:
    """Add copied rows to a table."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(name, names_of(table.columns))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line in lines:
            copy.write(line)


def _lines(connection: psycopg.Connection, shape: Shape, since_us: int | None) -> Iterator[bytes]:
    """Rows as lines; PostgreSQL sends each by itself."""
    statement = sql.SQL("COPY ({}) TO STDOUT").format(shape.select(since_us))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        block: Any
        for block in copy:
            yield bytes(block)
