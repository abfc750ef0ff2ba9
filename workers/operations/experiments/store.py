"""Where the results of an experiment are: a schema of the database, and a folder of objects.

The schema holds the experiment itself, so that no other table knows of it: to drop the schema and
the folder is to forget the experiment. A part, one partition of one arm, is there wholly or not at
all: its objects are written before the transaction that adds its rows.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple

import msgspec
import psycopg
from psycopg import sql

from runtime.errors import Stop
from runtime.storage.objects import EXPERIMENTS_AREA, ObjectStore
from workers.operations.experiments.folding import FoldedPart
from workers.operations.experiments.results import SQL, TABLES, rows_of
from workers.operations.experiments.value.experiment import SHORT, Experiment, schema_of
from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.migrate import check_migrated
from workers.storage.timescale.rows import at

_SCHEMAS: Final = (
    "SELECT nspname FROM pg_namespace WHERE nspname ~ '^x_[0-9a-f]{12}$'"
    " AND to_regclass(nspname || '.about') IS NOT NULL ORDER BY nspname"
)
_ABOUT: Final = """
    CREATE TABLE {0}.about (
        id text PRIMARY KEY, experiment jsonb NOT NULL, from_at timestamptz NOT NULL,
        to_at timestamptz NOT NULL, run_at timestamptz NOT NULL, run_by text NOT NULL,
        why text NOT NULL, done_at timestamptz
    )
"""
_PARTS: Final = """
    CREATE TABLE {0}.parts (
        arm text, partition int, outcome jsonb NOT NULL, objects jsonb NOT NULL,
        bytes bigint NOT NULL, PRIMARY KEY (arm, partition)
    )
"""


class Kept(NamedTuple):
    """An experiment that was run, or whose run was cut off.

    Attributes:
        id: Its id.
        experiment: What it is.
        from_at: First time of its range.
        to_at: Last one.
        run_at: When it was run first.
        run_by: By whom.
        why: Their reason; may be empty.
        done_at: When it was complete; None before.
        bytes: Size of its objects, bytes.
        rows: Rows of its tables, by arm and table.
    """

    id: str
    experiment: Experiment
    from_at: datetime
    to_at: datetime
    run_at: datetime
    run_by: str
    why: str
    done_at: datetime | None
    bytes: int
    rows: dict[str, dict[str, int]]


class ExperimentStore:
    """The results of all experiments.

    Args:
        connection: To the database.
        objects_url: URL of the object store, or of a folder.
    """

    def __init__(self, connection: psycopg.Connection, objects_url: str) -> None:
        self._connection = connection
        self._objects_url = objects_url

    @cached_property
    def _objects(self) -> ObjectStore:
        """The object store; a folder is made only for an experiment."""
        return ObjectStore(self._objects_url)

    @contextmanager
    def locked(self, identity: str) -> Iterator[None]:
        """Hold an experiment, alone.

        Raises:
            Stop: Another process runs or drops it.
        """
        key = int(identity[:15], 16)
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
        if row is None or not row[0]:
            raise Stop(
                f"experiment {identity[:SHORT]} is being run or dropped by another process: wait "
                "for its end, then show it"
            )
        try:
            yield
        finally:
            # A server notices the end of a connection in its own time, and the next is refused.
            with suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock(%s)", [key])

    def all(self) -> list[Kept]:
        """All experiments, the newest first."""
        found = [self._kept(name) for (name,) in self._connection.execute(_SCHEMAS).fetchall()]
        return sorted((one for one in found if one is not None), key=lambda one: one.run_at)[::-1]

    def find(self, start: str) -> Kept:
        """The experiment whose id starts so.

        Raises:
            Stop: There is none, or more than one.
        """
        found = [one for one in self.all() if one.id.startswith(start)]
        if len(found) != 1 or len(start) < 4:
            what = "no experiment has an id that starts" if not found else "more than one id starts"
            raise Stop(f"{what} with {start!r}: `wardstream experiment list` shows them")
        return found[0]

    def kept(self, experiment: Experiment) -> Kept | None:
        """What was kept of an experiment; None when it was never run.

        Raises:
            Stop: Another experiment has its schema.
        """
        known = self._kept(schema_of(experiment.id))
        if known is not None and known.id != experiment.id:
            raise Stop(f"experiment {known.id} has the schema {schema_of(known.id)}: drop it first")
        return known

    def start(
        self, experiment: Experiment, span: tuple[int, int], run_at: datetime, by: str, why: str
    ) -> None:
        """Make the schema, with empty tables."""
        name = sql.Identifier(schema_of(experiment.id))
        with self._connection.transaction():
            self._connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
            for text in (_ABOUT, _PARTS):
                self._connection.execute(sql.SQL(text).format(name))
            for table in TABLES.values():
                own = [("arm", "text"), ("partition", "int")]
                columns = sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
                    for column, kind in (*own, *((c, SQL[k]) for c, k in table.columns))
                )
                where = sql.Identifier(schema_of(experiment.id), table.name)
                self._connection.execute(sql.SQL("CREATE TABLE {} ({})").format(where, columns))
                self._connection.execute(
                    sql.SQL("CREATE INDEX ON {} (arm, {})").format(where, sql.SQL(table.order))
                )
            self._connection.execute(
                sql.SQL("INSERT INTO {}.about VALUES (%s, %s, %s, %s, %s, %s, %s)").format(name),
                [
                    experiment.id,
                    msgspec.json.encode(experiment).decode(),
                    *(at(span[0]), at(span[1]), run_at, by, why),
                ],
            )

    def parts(self, identity: str) -> set[tuple[str, int]]:
        """Arms and partitions that are kept wholly."""
        name = sql.Identifier(schema_of(identity))
        found = self._connection.execute(
            sql.SQL("SELECT arm, partition FROM {}.parts").format(name)
        )
        return {(arm, partition) for arm, partition in found.fetchall()}

    def keep(
        self,
        identity: str,
        arm: str,
        partition: int,
        folded: FoldedPart,
        files: Mapping[str, bytes],
    ) -> None:
        """Keep a part: its objects, then its rows.

        Raises:
            Retry: The object store is out of reach or full.
        """
        paths = {name: _path(identity, arm, name, partition) for name in files}
        for name, data in files.items():
            self._objects.put(paths[name], data)
        schema = schema_of(identity)
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for name, data in files.items():
                where = sql.Identifier(schema, name)
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(where)) as copy:
                    for row in rows_of(data):
                        copy.write_row((arm, partition, *row))
            cursor.execute(
                sql.SQL("INSERT INTO {}.parts VALUES (%s, %s, %s, %s, %s)").format(
                    sql.Identifier(schema)
                ),
                [
                    *(arm, partition, msgspec.json.encode(folded).decode()),
                    msgspec.json.encode(paths).decode(),
                    sum(map(len, files.values())),
                ],
            )

    def finish(self, identity: str, done_at: datetime) -> None:
        """Note that an experiment is complete."""
        name = sql.Identifier(schema_of(identity))
        self._connection.execute(
            sql.SQL("UPDATE {}.about SET done_at = %s").format(name), [done_at]
        )
        for table in TABLES.values():
            where = sql.Identifier(schema_of(identity), table.name)
            self._connection.execute(sql.SQL("ANALYZE {}").format(where))

    def drop(self, identity: str) -> int:
        """Delete the objects and the schema of an experiment; returns the number of objects.

        Raises:
            Retry: The object store is out of reach; what is left goes with the next drop.
        """
        paths = self._objects.paths(f"{EXPERIMENTS_AREA}/{identity}")
        for path in paths:
            self._objects.delete(path)
        name = sql.Identifier(schema_of(identity))
        self._connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(name))
        return len(paths)

    def _kept(self, schema: str) -> Kept | None:
        there = self._connection.execute("SELECT to_regclass(%s)", [f"{schema}.about"]).fetchone()
        if there is None or there[0] is None:
            return None
        name = sql.Identifier(schema)
        row = self._connection.execute(
            sql.SQL(
                "SELECT id, experiment::text, from_at, to_at, run_at, run_by, why, done_at"
                " FROM {}.about"
            ).format(name)
        ).fetchone()
        if row is None:
            return None
        rows: dict[str, dict[str, int]] = {}
        size = 0
        for arm, outcome, octets in self._connection.execute(
            sql.SQL("SELECT arm, outcome::text, bytes FROM {}.parts ORDER BY 1").format(name)
        ).fetchall():
            size += octets
            own = rows.setdefault(arm, {})
            for table, number in msgspec.json.decode(outcome, type=FoldedPart).rows.items():
                own[table] = own.get(table, 0) + number
        experiment = msgspec.json.decode(row[1], type=Experiment)
        identity, _, from_at, to_at, run_at, run_by, why, done_at = row
        about = (from_at, to_at, run_at, run_by, why, done_at)
        return Kept(identity, experiment, *about, size, rows)


@contextmanager
def open_store(database_url: str, objects_url: str) -> Iterator[ExperimentStore]:
    """The store of experiments.

    Raises:
        Retry: The database is out of reach or full.
        Stop: It is not migrated, or refuses us.
    """
    with (
        database_errors(),
        psycopg.connect(
            database_url,
            autocommit=True,
            connect_timeout=5,
            application_name="wardstream-experiment",
            options="-c timezone=UTC -c client_min_messages=warning",
        ) as connection,
    ):
        check_migrated(connection)
        yield ExperimentStore(connection, objects_url)


def _path(identity: str, arm: str, table: str, partition: int) -> str:
    return f"{EXPERIMENTS_AREA}/{identity}/{arm}/{table}/p{partition:05}.parquet"
