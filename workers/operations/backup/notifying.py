"""What the notifier remembers, in a restore: it follows from the topic of actions.

Its tables are in no backup. They would be older than what was delivered since, and would send it
again; the topic says what was delivered, and what is escalated.
"""

import psycopg

from workers.notifier.store import LOCK
from workers.storage.timescale.connection import database_errors

_IS_THERE = "SELECT to_regclass('notifier.offsets') IS NOT NULL"
_HELD = """
    SELECT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND classid = 0 AND objid = %s
    )
"""


def notifies(dsn: str) -> bool:
    """Whether a notifier works with a database.

    Raises:
        Retry: The database is out of reach.
    """
    with database_errors(), psycopg.connect(dsn, connect_timeout=5) as connection:
        found = connection.execute(_HELD, [LOCK]).fetchone()
    return found is not None and bool(found[0])


def forget_positions(connection: psycopg.Connection) -> None:
    """Let the notifier read its topics anew: they are others than those of its positions."""
    found = connection.execute(_IS_THERE).fetchone()
    if found is not None and found[0]:
        connection.execute("DELETE FROM notifier.offsets")
