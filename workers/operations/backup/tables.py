"""Wardstream's tables in a database: find them, and read their rows."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from psycopg import sql

from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.migrate import Migration, migrations
from workers.storage.timescale.rows import at

LEDGER = "schema_migrations"
FILLED_BY_MIGRATIONS = (LEDGER, "retention")
"""Tables that are not empty in an empty database."""

MARGIN_US = 120_000_000
"""Margin, microseconds: a minute is computed again until 90 s after its start, its row's time."""

_LAST_TOUCHED = {"tracks": "last_observed_at"}
"""Column with the time of a row's last change, where rows change after their own time."""

_OPTIONS = (
    "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1"
    " -c bytea_output=hex -c client_encoding=UTF8 -c client_min_messages=warning"
    " -c search_path=live,public"  # what the pipeline wrote, not what analysts read instead
)
_CREATED = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
_COLUMNS = """
    SELECT a.attname, a.atttypid IN ('text'::regtype, 'varchar'::regtype)
    FROM pg_attribute AS a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = ''
    ORDER BY a.attnum
"""
_KEY = """
    SELECT a.attname
    FROM pg_index AS i
    CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = %s::regclass AND i.indisprimary
    ORDER BY k.place
"""
_TIMES = """
    SELECT hypertable_name, column_name FROM timescaledb_information.dimensions
    WHERE hypertable_schema IN ('live', 'public') AND dimension_number = 1
"""


class Shape(NamedTuple):
    """How a table is copied.

    Attributes:
        name: Name of the table; with its schema and a dot where it is in one of its own.
        columns: Names of its columns, in order.
        key: Columns of its primary key.
        texts: Columns that have a collation.
        time: Column that selects rows; None for a table that is copied whole.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    texts: frozenset[str]
    time: str | None

    def select(self, since_us: int | None) -> sql.Composed:
        """Query for the rows in byte order of the key, whatever the collation."""
        order = [
            sql.SQL('{} COLLATE "C"' if name in self.texts else "{}").format(sql.Identifier(name))
            for name in (self.key or self.columns)
        ]
        query = sql.SQL("SELECT {} FROM {}").format(names_of(self.columns), identifier(self.name))
        if since_us is not None and self.time is not None:
            query += sql.SQL(" WHERE {}").format(self.newer(self.time, since_us))
        return query + sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(order))

    def newer(self, time: str, since_us: int) -> sql.Composed:
        """Condition for rows that may have changed since a time, UTC microseconds."""
        start = at(since_us - MARGIN_US)
        return sql.SQL("{} >= {}").format(sql.Identifier(time), sql.Literal(start))


def created_tables(known: Iterable[Migration]) -> list[str]:
    """Names of the tables that migrations create."""
    return [name for migration in known for name in _CREATED.findall(migration.text)]


def own_tables(connection: psycopg.Connection, ours: Iterable[str]) -> list[str]:
    """Tables that somebody added and that are not Wardstream's."""
    query = (
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        " AND tablename <> ALL (%s) ORDER BY tablename"
    )
    return [name for (name,) in connection.execute(query, [[LEDGER, *ours]]).fetchall()]


@contextmanager
def snapshot(dsn: str) -> Iterator[psycopg.Connection]:
    """A connection with one snapshot, whose text output is the same on every server.

    Raises:
        Retry: The database is out of reach.
        Stop: The database refuses.
    """
    with database_errors(), psycopg.connect(dsn, connect_timeout=5, options=_OPTIONS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


def applied(connection: psycopg.Connection) -> dict[str, str]:
    """Name and SHA-256 of the migrations applied to a database; empty for an empty one."""
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [LEDGER]).fetchone()
    if found is None or not found[0]:
        return {}
    return dict(connection.execute("SELECT name, sha256 FROM schema_migrations").fetchall())


def shapes(connection: psycopg.Connection, names: Iterable[str]) -> list[Shape]:
    """How tables are copied; those that do not exist are left out."""
    times: dict[str, str] = dict(connection.execute(_TIMES).fetchall())
    found = []
    for name in names:
        there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [name]).fetchone()
        if name == LEDGER or there is None or not there[0]:
            continue
        columns = connection.execute(_COLUMNS, [name]).fetchall()
        key = tuple(row[0] for row in connection.execute(_KEY, [name]).fetchall())
        texts = frozenset(column for column, is_text in columns if is_text)
        time = _LAST_TOUCHED.get(name, times.get(name))
        found.append(Shape(name, tuple(column for column, _ in columns), key, texts, time))
    return found


def newest_us(connection: psycopg.Connection) -> int | None:
    """Time of the newest row of any table that has times, UTC microseconds; None without rows."""
    found = []
    for shape in shapes(connection, created_tables(migrations())):
        if shape.time is not None:
            query = sql.SQL(
                "SELECT (extract(epoch FROM max({})) * 1000000)::bigint FROM {}"
            ).format(sql.Identifier(shape.time), sql.Identifier(shape.name))
            row = connection.execute(query).fetchone()
            found += [row[0]] if row is not None and row[0] is not None else []
    return max(found, default=None)


def sequences(connection: psycopg.Connection) -> dict[str, int]:
    """Last value of each sequence that was used."""
    query = (
        "SELECT sequencename, last_value FROM pg_sequences"
        " WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )
    return dict(connection.execute(query).fetchall())


def filled(connection: psycopg.Connection) -> list[str]:
    """Our tables that hold rows of a run."""
    found = []
    for shape in shapes(connection, created_tables(migrations())):
        if shape.name not in FILLED_BY_MIGRATIONS:
            query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(shape.name))
            row = connection.execute(query).fetchone()
            if row is not None and row[0]:
                found.append(shape.name)
    return found


def identifier(name: str) -> sql.Identifier:
    """The name of a table in SQL; before a dot comes its schema."""
    return sql.Identifier(*name.split("."))


def names_of(columns: Iterable[str]) -> sql.Composed:
    """Columns as a list in SQL."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))
