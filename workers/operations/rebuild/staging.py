"""The tables of one rebuild, in a schema of its own, filled by the sink that fills the pipeline's.

A rebuild begins in the middle of things: the measurement before its first one still held, and the
second that it begins in has positions already. What lies around it is copied from what analysts
read, so that minutes at both ends come out whole. Only rows within the bounds are ever compared.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from workers.operations.rebuild.bounds import Bound
from workers.operations.rebuild.plan import PartitionPlan
from workers.operations.rebuild.tables import COMPARED
from workers.sinks.timescale.queries import query
from workers.storage.timescale.connection import search_path
from workers.storage.timescale.rows import EPOCH, at

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


def copy_before(
    connection: psycopg.Connection, revision: int, plan: PartitionPlan, interval_s: float
) -> None:
    """Copy what was in force when the rebuilt part begins.

    Args:
        connection: To the database.
        revision: The rebuild.
        plan: What is folded.
        interval_s: Interval of positions, s.
    """
    schema = sql.Identifier(schema_of(revision))
    interval_us = round(interval_s * 1e6)
    with connection.transaction():
        for zone_id, progress in plan.before.zones.items():
            start = at(progress.through_us)
            _copy_measured(connection, revision, zone_id, (start - AROUND, start), -_SHIFT)
        for floor_id, progress in plan.before.floors.items():
            second = at(progress.through_us // interval_us * interval_us)
            connection.execute(
                sql.SQL(
                    "INSERT INTO {}.positions SELECT * FROM public.positions"
                    " WHERE floor_id = %s AND at = %s AND as_of <= %s ON CONFLICT DO NOTHING"
                ).format(schema),
                [floor_id, second, at(progress.through_us)],
            )


def complete(connection: psycopg.Connection, revision: int, bounds: Sequence[Bound]) -> None:
    """Note the bounds, copy what follows them, and compute the minutes across the end again.

    A minute counts only if the pipeline has passed it: a revision's minutes do not change, and a
    minute that is not over still must.
    """
    schema = sql.Identifier(schema_of(revision))
    with connection.transaction():
        # One moment: a minute that the pipeline ends meanwhile would lack what was copied before.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute(sql.SQL("SET LOCAL search_path = {}, live, public").format(schema))
        connection.execute(
            "CREATE TEMPORARY TABLE stage_zone_occupancy (zone_id text, as_of timestamptz)"
            " ON COMMIT DROP"
        )
        for bound in bounds:
            connection.execute(
                "INSERT INTO bounds (kind, key, after, through, through_seq)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (kind, key) DO UPDATE SET"
                " after = excluded.after, through = excluded.through,"
                " through_seq = excluded.through_seq",
                [
                    *(bound.kind, bound.key, at(bound.after_us), at(bound.through_us)),
                    max((through for _, through in bound.seqs.values()), default=0),
                ],
            )
            if bound.kind == "zone":
                _copy_after(connection, revision, bound)
        since = min(
            (at(bound.through_us) for bound in bounds if bound.kind == "zone"), default=EPOCH
        )
        times = {"since": since - AROUND, "kept_since": EPOCH}
        connection.execute(query("occupancy_minutes"), times)
        connection.execute(query("coverage_minutes"), times)


def _copy_after(connection: psycopg.Connection, revision: int, bound: Bound) -> None:
    """Put the pipeline's next measurements after the last rebuilt one."""
    end = at(bound.through_us)
    _copy_measured(connection, revision, bound.key, (end, end + AROUND), _SHIFT)
    connection.execute("INSERT INTO stage_zone_occupancy VALUES (%s, %s)", [bound.key, end])
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
        {"key": bound.key},
    )


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
