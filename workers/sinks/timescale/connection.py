"""The sink's connection: how it is made, checked, prepared, and what its errors mean."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from runtime.errors import DeadLetter, Retry, Stop
from runtime.settings import Settings
from workers.sinks.timescale.fold import Row
from workers.sinks.timescale.migrate import check_migrated
from workers.sinks.timescale.tables import TABLES

PROGRESS_COLUMNS: tuple[tuple[str, str], ...] = (
    ("topic", "text"),
    ("key", "text"),
    ("seq", "int8"),
    ("records", "int8"),
    ("missing", "int8"),
    ("recent", "bytea"),
    ("chain", "bytea"),
    ("first", "bool"),
)

_STAGE_PROGRESS = """
    CREATE TEMPORARY TABLE stage_progress (
        topic text, key text, seq bigint, records bigint, missing bigint, recent bytea,
        chain bytea, first boolean
    ) ON COMMIT DELETE ROWS
"""


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the driver's errors into those that carry a policy.

    Raises:
        Retry: Out of reach, shutting down, full, deadlocked, or another writer came first.
        DeadLetter: A value that the database can never hold.
        Stop: Anything else that the database refuses: its tables are not what they must be.
    """
    try:
        yield
    except psycopg.errors.UniqueViolation as exc:
        msg = f"another writer began the same key: {exc}"
        raise Retry(msg) from exc
    except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
        msg = f"the database is out of reach: {str(exc).strip()}"
        raise Retry(msg) from exc
    except psycopg.DataError as exc:
        raise DeadLetter("database_refused", str(exc).strip()) from exc
    except psycopg.Error as exc:
        msg = f"the database refuses: {type(exc).__name__}: {str(exc).strip()}"
        raise Stop(msg) from exc


def search_path(schema: str = "live") -> str:
    """Connection option by which table names mean those of a schema.

    `live` has what the line wrote; without it the same names are what analysts read, in which
    revisions take the place of what they correct.
    """
    return f"-c search_path={schema},public"


def connect(settings: Settings, schema: str = "live") -> psycopg.Connection:
    """Open a connection with staging tables, to a database that belongs to this run.

    Args:
        settings: The database, and the run's prefix.
        schema: Where the tables are that are written.

    Raises:
        Retry: The database is out of reach.
        Stop: It is not migrated, or another run's topics fill it.
    """
    with database_errors():
        connection = psycopg.connect(
            settings.database_url.get_secret_value(),
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=10_000,
            application_name="wardstream-sink",
            options=(
                "-c statement_timeout=60000 -c timezone=UTC -c client_min_messages=warning "
                + search_path(schema)
            ),
        )
        try:
            check_migrated(connection)
            _claim(connection, settings.topic_prefix)
            for name in TABLES:
                stage = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DELETE ROWS")
                connection.execute(
                    stage.format(sql.Identifier(f"stage_{name}"), sql.Identifier(name))
                )
            connection.execute(_STAGE_PROGRESS)
        except BaseException:
            connection.close()
            raise
    return connection


def _claim(connection: psycopg.Connection, prefix: str) -> None:
    """Let one run alone fill a database: seqs of another would look like duplicates.

    Raises:
        Stop: The database belongs to another prefix.
    """
    connection.execute(
        "INSERT INTO sink_source (topic_prefix) VALUES (%s) ON CONFLICT DO NOTHING", [prefix]
    )
    found = connection.execute("SELECT topic_prefix FROM sink_source").fetchone()
    if found is None or found[0] != prefix:
        owner = "" if found is None else found[0]
        msg = (
            f"this database is filled from topics with the prefix {owner!r}, not {prefix!r}: "
            "give each run its own database (WARDSTREAM_DATABASE_URL)"
        )
        raise Stop(msg)


def stage(
    cursor: psycopg.Cursor[Row],
    name: str,
    columns: Iterable[tuple[str, str]],
    rows: Iterable[Row],
) -> None:
    """Copy rows into `stage_<name>`, in the binary format."""
    names = [sql.Identifier(column) for column, _ in columns]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(f"stage_{name}"), sql.SQL(", ").join(names)
    )
    with cursor.copy(statement) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            copy.write_row(row)
