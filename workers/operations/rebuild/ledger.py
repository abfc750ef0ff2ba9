"""Ledger of revisions, kept in the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import psycopg
from psycopg import sql

from runtime.clock import Clock
from workers.operations.rebuild.bounds import Folded
from workers.operations.rebuild.difference import TableDifference
from workers.operations.rebuild.plan import Plan
from workers.operations.rebuild.revision import FOLDING, Revision
from workers.operations.rebuild.taking import take_rows
from workers.storage.timescale import rebuild_schema
from workers.storage.timescale.compared import COMPARED
from workers.storage.timescale.rebuild_schema import schema_of
from workers.storage.timescale.rows import at

_ROW = """
    SELECT revision, state, request, run_prefix, plan::text, summary, begun_at, begun_by,
        changed_at, changed_by, why
    FROM revisions
"""


class Ledger:
    """Ledger of revisions; from `open_ledger`, it is also the lock for a rebuild.

    Args:
        connection: From `rebuild_schema.connect`; the lock ends with it.
        clock: For times in the rows.
    """

    def __init__(self, connection: psycopg.Connection, clock: Clock) -> None:
        self.connection = connection
        self._clock = clock

    def revisions(self) -> list[Revision]:
        """All revisions, the oldest first."""
        return [Revision(*row) for row in self.connection.execute(_ROW + "ORDER BY revision")]

    def unfinished(self) -> Revision | None:
        """The rebuild that was begun and neither swapped in nor given up."""
        row = self.connection.execute(_ROW + "WHERE state = 'FOLDING'").fetchone()
        return None if row is None else Revision(*row)

    def start(self, request: str, prefix: str, plan: Plan, by: str) -> Revision:
        """Note a rebuild before anything is written for it.

        Args:
            request: What was asked for; repeating it continues this rebuild.
            prefix: Topic prefix of the pipeline.
            plan: What is folded.
            by: Who asked.
        """
        now = at(self._clock.now_us())
        row = self.connection.execute(
            "SELECT nextval(pg_get_serial_sequence('revisions', 'revision'))"
        ).fetchone()
        assert row is not None
        # A restored database counts from the backup on: tables of that number may be left.
        rebuild_schema.drop(self.connection, row[0])
        run_prefix = f"{prefix}rebuild-{row[0]}-{now:%Y%m%dT%H%M%S}."
        self.connection.execute(
            "INSERT INTO revisions OVERRIDING SYSTEM VALUE VALUES"
            " (%s, 'FOLDING', %s, %s, %s, NULL, %s, %s, %s, %s, '')",
            [row[0], request, run_prefix, msgspec.json.encode(plan).decode(), now, by, now, by],
        )
        found = self.unfinished()
        assert found is not None
        return found

    def stage(self, revision: int) -> dict[int, Folded]:
        """Create its tables where missing; returns the partitions already folded into them.

        A backup holds the ledger but no tables of a rebuild: what was folded into those is gone.
        """
        with self.connection.transaction():
            if not rebuild_schema.is_there(self.connection, revision):
                self._forget_folds(revision)
            rebuild_schema.create(self.connection, revision)
        return self.folded(revision)

    def _forget_folds(self, revision: int) -> None:
        self.connection.execute("DELETE FROM revision_folds WHERE revision = %s", [revision])

    def folded(self, revision: int) -> dict[int, Folded]:
        """Partitions that are folded, each with its result."""
        rows = self.connection.execute(
            "SELECT partition, outcome::text FROM revision_folds WHERE revision = %s", [revision]
        )
        return {p: msgspec.json.decode(text, type=Folded) for p, text in rows.fetchall()}

    def note_folded(self, revision: int, partition: int, folded: Folded) -> None:
        """Note that a partition is folded and its output is written."""
        self.connection.execute(
            "INSERT INTO revision_folds VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [revision, partition, msgspec.json.encode(folded).decode()],
        )

    @contextmanager
    def discard(self, revision: int) -> Iterator[None]:
        """Forget a rebuild that was not swapped in, and its tables, when the block ends.

        The block deletes the rest of the rebuild. If it is killed, nothing counts as folded.
        """
        self._forget_folds(revision)
        yield
        with self.connection.transaction():
            rebuild_schema.drop(self.connection, revision)
            self.connection.execute(
                "DELETE FROM revisions WHERE revision = %s AND state = 'FOLDING'", [revision]
            )

    @contextmanager
    def drop(self, revision: int) -> Iterator[None]:
        """Forget a revision that was taken back, and its rows, when the block ends.

        The block deletes the rest of the revision; if it fails, the rows stay.
        """
        with self.connection.transaction():
            for name in (*(f"revised_{t.name}" for t in COMPARED), "revision_ranges"):
                self.connection.execute(
                    sql.SQL("DELETE FROM {} WHERE revision = %s").format(sql.Identifier(name)),
                    [revision],
                )
            self.connection.execute(
                "DELETE FROM revisions WHERE revision = %s AND state = 'TAKEN_BACK'", [revision]
            )
            yield

    def rows_of(self, revision: Revision) -> int:
        """Rows of its own that a revision has in the tables."""
        number = revision.revision
        staged = revision.state == FOLDING
        if staged and not rebuild_schema.is_there(self.connection, number):
            return 0
        rows = 0
        for table in COMPARED:
            name = (
                sql.Identifier(schema_of(number), table.name)
                if staged
                else sql.Identifier(f"revised_{table.name}")
            )
            count = sql.SQL("SELECT count(*) FROM {}").format(name)
            if not staged:
                count += sql.SQL(" WHERE revision = {}").format(sql.Literal(number))
            found = self.connection.execute(count).fetchone()
            rows += 0 if found is None else found[0]
        return rows

    @contextmanager
    def swap(
        self, revision: int, differences: Sequence[TableDifference], by: str, why: str
    ) -> Iterator[None]:
        """Put a rebuild in force when the block ends, all of it or, if the block fails, nothing.

        Args:
            revision: The rebuild.
            differences: From `compare_tables`.
            by: Who does it.
            why: Their reason.
        """
        summary = {d.table: d.changed + d.added + d.removed for d in differences if d.any}
        with self.connection.transaction():
            for table in COMPARED:
                take_rows(self.connection, table, revision)
            self.connection.execute(
                "UPDATE revisions SET state = 'IN_FORCE', summary = %s, changed_at = %s,"
                " changed_by = %s, why = %s WHERE revision = %s",
                [
                    *(msgspec.json.encode(summary).decode(), at(self._clock.now_us())),
                    *(by, why, revision),
                ],
            )
            rebuild_schema.drop(self.connection, revision)
            self._forget_folds(revision)
            yield
        # Without statistics the views are read in an order that is ten times slower.
        for name in ("revisions", "revision_ranges", *(f"revised_{t.name}" for t in COMPARED)):
            self.connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))

    @contextmanager
    def take_back(self, after: int, by: str, why: str) -> Iterator[list[int]]:
        """Take every revision after one back when the block ends; yields their numbers.

        Args:
            after: The last that stays in force; 0 for what the pipeline wrote.
            by: Who does it.
            why: Their reason.
        """
        with self.connection.transaction():
            rows = self.connection.execute(
                "UPDATE revisions SET state = 'TAKEN_BACK', changed_at = %s, changed_by = %s,"
                " why = %s WHERE state = 'IN_FORCE' AND revision > %s RETURNING revision",
                [at(self._clock.now_us()), by, why, after],
            ).fetchall()
            yield sorted(row[0] for row in rows)
