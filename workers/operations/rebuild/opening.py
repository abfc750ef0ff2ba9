"""Open the ledger of revisions: to change it, one process at a time, or to read it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from runtime.errors import Stop
from workers.operations.installation import Installation
from workers.operations.rebuild.ledger import Ledger
from workers.operations.rebuild.revision import Revision
from workers.operations.times import show_time
from workers.storage.timescale import rebuild_schema
from workers.storage.timescale.connection import database_errors
from workers.storage.timescale.migrate import check_migrated

_LOCK = 0x52455649  # any number, as long as it is always the same and not the migrations'


@contextmanager
def open_ledger(installation: Installation) -> Iterator[Ledger]:
    """Open the ledger with the lock for a rebuild.

    Raises:
        Stop: Another process rebuilds at the moment, or the database is not migrated.
        Retry: The database is out of reach.
    """
    with (
        database_errors(),
        rebuild_schema.connect(installation.database_url) as connection,
    ):
        check_migrated(connection)
        ledger = Ledger(connection, installation.cluster.clock)
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if row is None or not row[0]:
            who = ledger.unfinished()
            since = (
                f" (revision {who.revision}, begun by {who.begun_by} at "
                f"{show_time(int(who.begun_at.timestamp() * 1e6))})"
                if who
                else ""
            )
            raise Stop(f"another rebuild is under way{since}: wait for its end, or end it")
        try:
            yield ledger
        finally:
            # A server notices the end of a connection in its own time, and the next one is refused.
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


@contextmanager
def read_ledger(installation: Installation) -> Iterator[Ledger]:
    """Open the ledger without the lock, to read it while a rebuild runs.

    Raises:
        Stop: The database is not migrated.
        Retry: The database is out of reach.
    """
    with (
        database_errors(),
        rebuild_schema.connect(installation.database_url) as connection,
    ):
        check_migrated(connection)
        yield Ledger(connection, installation.cluster.clock)


def listed(installation: Installation) -> list[Revision]:
    """All revisions; works while a rebuild runs; raises as `read_ledger`."""
    with read_ledger(installation) as ledger:
        return ledger.revisions()
