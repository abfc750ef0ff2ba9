"""The sink's connection: how it is opened, checked and prepared, and what its errors mean."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from runtime.errors import DeadLetter, Retry, Stop
from workers.storage.timescale.granted import check_rights
from workers.storage.timescale.migrate import check_migrated
from workers.storage.timescale.rights import rights_of
from workers.storage.timescale.rows import Row
from workers.storage.timescale.tables import TABLES

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


_MEANINGS = {
    "25006": "the database is read-only (a standby, or default_transaction_read_only is on)",
    "40001": "the database let another transaction go first",
    "40P01": "the database let another transaction go first",
    "53100": "the database has no disk space left: free some, or shorten retention",
    "53200": "the database has no memory left",
    "53300": "the database has no connection left: raise max_connections, or close others",
    "55P03": "the database is locked by somebody else",
    "57014": "the database was not done in time: it is overloaded, or somebody holds a lock",
}
"""Text for an operator, by SQLSTATE; these states pass, and the work is tried again."""

_OF_ADDRESS = re.compile(r"connection info string|connection option|URI|percent-encoded")
"""What libpq says of an address that it cannot read."""

_READ_ONLY = "25006"

_TOO_LARGE = "54"
"""Class of SQLSTATE for a value over a limit of PostgreSQL itself, such as a key of 8 KiB."""

_ALTERED = ("0A", "23", "42")
"""Classes of SQLSTATE that our own tables never raise: a statement or a row does not fit them."""

_NO_RIGHTS = "42501"

_PROGRESS_KEY = "sink_progress_pkey"


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn the driver's errors into those that carry a policy.

    Raises:
        Retry: Out of reach, shutting down, full, read-only, deadlocked, too slow, or another
            writer came first.
        DeadLetter: A value that the database can never hold.
        Stop: Anything else that the database refuses: its tables are not what they must be.
    """
    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != _PROGRESS_KEY:
            raise _refused(error) from error
        raise Retry(f"another writer started the same key: {error}") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        state = error.sqlstate or ""
        if state.startswith(_TOO_LARGE):
            raise DeadLetter("database_refused", str(error).strip()) from error
        raise Retry(
            f"{_MEANINGS.get(state, 'the database is out of reach')}: {str(error).strip()}"
        ) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise Retry(f"{_MEANINGS[_READ_ONLY]}: {str(error).strip()}") from error
    except psycopg.DataError as error:
        raise DeadLetter("database_refused", str(error).strip()) from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate is None and _OF_ADDRESS.search(str(error)):
            raise Stop(  # libpq's own words quote a part of the address, such as a password
                "the database's address cannot be read: correct WARDSTREAM_DATABASE_URL"
            ) from None
        raise _refused(error) from error
    except psycopg.Error as error:
        raise _refused(error) from error


def _refused(exc: psycopg.Error) -> Stop:
    """The error for tables that are not what they must be; says which, and what to do."""
    text = f"the database refuses: {type(exc).__name__}: {str(exc).strip()}"
    state = exc.sqlstate or ""
    if state == _NO_RIGHTS:
        return Stop(f"{text}: `wardstream db roles` gives each role its rights")
    if not state.startswith(_ALTERED):
        return Stop(text)
    return Stop(
        f"{text}\nNothing was written. The tables are not those of this release: undo what "
        "was altered by hand, or run the release whose migrations the database has; what waits in "
        "the topics is written then"
    )


def search_path(schema: str = "live") -> str:
    """Connection option by which table names mean those of a schema.

    `live` has the rows that the pipeline wrote. The default schema has what analysts read: the same
    names, in which revisions replace what they correct.
    """
    return f"-c search_path={schema},public"


def connect(dsn: str, prefix: str, schema: str = "live") -> psycopg.Connection:
    """Open a connection with staging tables, to a database that belongs to this run.

    Args:
        dsn: URL of the database.
        prefix: Prefix of the run whose topics fill it.
        schema: Schema of the tables that are written.

    Raises:
        Retry: The database is out of reach.
        Stop: It is not migrated, another run's topics fill it, or the role lacks a right.
    """
    with database_errors():
        connection = psycopg.connect(
            dsn,
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
            check_rights(connection, rights_of("sink-timescale"))
            _claim(connection, prefix)
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
        raise Stop(
            f"this database is filled from topics with the prefix {owner!r}, not {prefix!r}: "
            "give each run its own database (WARDSTREAM_DATABASE_URL)"
        )


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
