"""Why a zone's figure was what it was: from the tables and topics that hold it."""

from datetime import datetime
from typing import Self

from runtime.kafka.cluster import Cluster
from workers.explain.explain import Shown, explain
from workers.explain.figure import Explanation
from workers.explain.stored import Stored
from workers.serving.recorded.pool import reading_pool
from workers.storage.timescale.connection import database_errors


class ZoneExplanations:
    """Explains figures of zones; use it as a context.

    Args:
        dsn: Address of the database; holds the password.
        cluster: Where the topics are.
    """

    def __init__(self, dsn: str, cluster: Cluster) -> None:
        self._cluster = cluster.with_asker()
        self._pool = reading_pool(dsn, "why")

    def __enter__(self) -> Self:
        """The explanations themselves, open."""
        self._pool.open()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection."""
        self._pool.close()

    def of(self, zone_id: str, asked: str, now: datetime, may: Shown) -> Explanation:
        """Explain the figure of a zone.

        Args:
            zone_id: The zone.
            asked: The moment, as `parse_moment` reads it.
            now: Now, with a time zone.
            may: What may be shown; the rest is not read.

        Raises:
            BadQuestion: The moment cannot be read.
            UnknownZone: No such zone was known at that moment.
            Retry: The database or the broker is out of reach.
            Stop: The database is not migrated, or refuses this board.
            DeadLetter: The database can hold no such id.
        """
        with database_errors(), self._pool.connection() as connection:
            return explain(Stored(connection), self._cluster, zone_id, asked, now, may)
