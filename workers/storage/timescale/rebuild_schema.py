"""The tables of one rebuild, in a schema of its own; the same sink fills them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from workers.storage.timescale.compared import COMPARED
from workers.storage.timescale.connection import search_path
from workers.storage.timescale.queries import query
from workers.storage.timescale.tables import DERIVED_TABLES

AROUND = timedelta(seconds=150)
"""How far a measurement reaches into the minutes before and after it; see the sink."""

_SHIFT = 1_000_000_000_000
"""Put between the seqs of the rebuilt part and of what lies around it, which may count otherwise:
the minutes are computed in the order of seq."""


def schema_of(revision: int) -> str:
    """Schema with the tables of a rebuild that is under way."""
    return f"rebuild_{revision}"


def staged_path(revision: int) -> str:
    """Search path of the rebuild's sink."""
    return f"{schema_of(revision)},live"


def create(connection: psycopg.Connection, revision: int) -> None:
    """Create the tables, empty, where they are missing."""
    schema = sql.Identifier(schema_of(revision))
    with connection.transaction():
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
        sources = [("live", table.name) for table in COMPARED]
        own = ("sink_progress", "sink_offsets", "sink_source")  # its sink's, not the pipeline's
        for source, name in [*sources, *(("public", name) for name in own)]:
            connection.execute(
                sql.SQL("CREATE TABLE IF NOT EXISTS {}.{} (LIKE {}.{} INCLUDING ALL)").format(
                    schema, sql.Identifier(name), sql.Identifier(source), sql.Identifier(name)
                )
            )
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {}.bounds (kind text, key text, after timestamptz,"
                " through timestamptz, through_seq bigint, minutes_from timestamptz,"
                " minutes_until timestamptz, PRIMARY KEY (kind, key))"
            ).format(schema)
        )


def is_there(connection: psycopg.Connection, revision: int) -> bool:
    """Whether the tables were made."""
    row = connection.execute("SELECT to_regnamespace(%s)", [schema_of(revision)]).fetchone()
    return row is not None and row[0] is not None


def drop(connection: psycopg.Connection, revision: int) -> None:
    """Drop the tables."""
    schema = sql.Identifier(schema_of(revision))
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))


def copy_sampled(
    connection: psycopg.Connection, revision: int, floor_id: str, at: datetime, until: datetime
) -> None:
    """Copy the positions and the coverage of a floor.

    Args:
        connection: To the database.
        revision: The rebuild.
        floor_id: The floor.
        at: Beginning of the interval of positions.
        until: End of the last tick whose rows are copied.
    """
    for table in DERIVED_TABLES:
        if table.sampled:
            connection.execute(
                sql.SQL(
                    "INSERT INTO {}.{} SELECT * FROM public.{}"
                    " WHERE floor_id = %s AND at = %s AND as_of <= %s ON CONFLICT DO NOTHING"
                ).format(*map(sql.Identifier, (schema_of(revision), table.name, table.name))),
                [floor_id, at, until],
            )


def copy_measured_before(
    connection: psycopg.Connection, revision: int, zone_id: str, start: datetime
) -> None:
    """Copy the measurements of a zone that reach into the minute in which the rebuild starts."""
    _copy_measured(connection, revision, zone_id, (start - AROUND, start), -_SHIFT)


@contextmanager
def completing(connection: psycopg.Connection, revision: int) -> Iterator[None]:
    """Transaction in which the bounds are set and the measurements after them are copied."""
    schema = sql.Identifier(schema_of(revision))
    with connection.transaction():
        # One moment: a minute that the pipeline ends meanwhile would lack what was copied before.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(sql.SQL("SET LOCAL search_path = {}, live, public").format(schema))
        connection.execute(
            "CREATE TEMPORARY TABLE stage_zone_occupancy (zone_id text, as_of timestamptz)"
            " ON COMMIT DROP"
        )
        yield


def set_bound(
    connection: psycopg.Connection,
    kind: str,
    key: str,
    span: tuple[datetime, datetime],
    through_seq: int,
) -> None:
    """Set the bounds of a camera, floor or zone; within `completing`.

    Args:
        connection: To the database.
        kind: Camera, floor or zone.
        key: Its id.
        span: Event times: after the first, up to the second.
        through_seq: Highest seq of the pipeline within them.
    """
    connection.execute(
        "INSERT INTO bounds (kind, key, after, through, through_seq)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (kind, key) DO UPDATE SET"
        " after = excluded.after, through = excluded.through,"
        " through_seq = excluded.through_seq",
        [kind, key, *span, through_seq],
    )


def copy_measured_after(
    connection: psycopg.Connection, revision: int, zone_id: str, end: datetime
) -> None:
    """Put the pipeline's next measurements of a zone after the last rebuilt one.

    Sets the minutes that are compared too: only those that the pipeline has passed.
    """
    _copy_measured(connection, revision, zone_id, (end, end + AROUND), _SHIFT)
    connection.execute("INSERT INTO stage_zone_occupancy VALUES (%s, %s)", [zone_id, end])
    connection.execute(
        """
        UPDATE bounds SET
            minutes_from = time_bucket(INTERVAL '1 minute', after),
            minutes_until = least(
                (SELECT time_bucket(INTERVAL '1 minute', max(as_of))
                    FROM live.zone_occupancy WHERE zone_id = %(key)s),
                time_bucket(INTERVAL '1 minute', through + occupancy_holds())
                    + INTERVAL '1 minute'
            )
        WHERE kind = 'zone' AND key = %(key)s
        """,
        {"key": zone_id},
    )


def compute_minutes(connection: psycopg.Connection, end: datetime, kept_since: datetime) -> None:
    """Compute the minutes across the end of the rebuilt part again; within `completing`."""
    times = {"since": end - AROUND, "kept_since": kept_since}
    connection.execute(query("occupancy_minutes"), times)
    connection.execute(query("coverage_minutes"), times)


def _copy_measured(
    connection: psycopg.Connection,
    revision: int,
    zone_id: str,
    span: tuple[datetime, datetime],
    shift: int,
) -> None:
    """Copy the measurements of a zone after one time and up to another, with other seqs."""
    for name in ("zone_occupancy", "coverage"):
        chosen = [
            sql.SQL("seq + {}").format(sql.Literal(shift)) if c == "seq" else sql.Identifier(c)
            for c in columns_of(connection, name)
        ]
        connection.execute(
            sql.SQL(
                "INSERT INTO {}.{} SELECT {} FROM public.{}"
                " WHERE zone_id = %s AND as_of > %s AND as_of <= %s ON CONFLICT DO NOTHING"
            ).format(
                sql.Identifier(schema_of(revision)),
                sql.Identifier(name),
                sql.SQL(", ").join(chosen),
                sql.Identifier(name),
            ),
            [zone_id, *span],
        )


def columns_of(connection: psycopg.Connection, name: str) -> list[str]:
    """Columns of a table of the pipeline, in their order."""
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        [f"live.{name}"],
    )
    return [row[0] for row in found.fetchall()]


def connect(dsn: str) -> psycopg.Connection:
    """A connection whose plain table names are what analysts read; raises psycopg's errors."""
    return psycopg.connect(
        dsn,
        autocommit=True,
        connect_timeout=5,
        application_name="wardstream-rebuild",
        options="-c timezone=UTC -c client_min_messages=warning " + search_path("public"),
    )
