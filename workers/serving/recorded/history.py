"""Where one person was: from the table of positions, revisions included."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Self

from psycopg.rows import class_row

from workers.serving.recorded.pool import reading_pool
from workers.storage.timescale.connection import database_errors

MOST_POINTS: Final = 20_000
"""Most points of one answer."""

_QUERY: Final = """
    SELECT at, zone_ids, foot_x_px, foot_y_px, x_m, y_m, observed
    FROM public.positions
    WHERE floor_id = %s AND person_id = %s AND at >= %s AND at < %s
    ORDER BY at
    LIMIT %s
"""


class Point(NamedTuple):
    """Where a person was at one moment; see the table `positions`."""

    at: datetime
    zone_ids: Sequence[str]
    foot_x_px: float | None
    foot_y_px: float | None
    x_m: float | None
    y_m: float | None
    observed: bool


class PositionHistory:
    """Reads positions from the database; use it as a context.

    Args:
        dsn: Address of the database; holds the password.
    """

    def __init__(self, dsn: str) -> None:
        self._pool = reading_pool(dsn, "history", class_row(Point))

    def __enter__(self) -> Self:
        """The history itself, open."""
        self._pool.open()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close every connection."""
        self._pool.close()

    def of(
        self, person_id: str, floor_id: str, since: datetime, until: datetime
    ) -> Sequence[Point]:
        """Where a person was on a floor, oldest first.

        Args:
            person_id: Pseudonym of the person.
            floor_id: The floor.
            since: First moment, with a time zone.
            until: Moment after the last.

        Returns:
            At most `MOST_POINTS` + 1 points: one more tells that there are more.

        Raises:
            Retry: The database is out of reach.
            Stop: It is not migrated, or refuses this board.
        """
        values = [floor_id, person_id, since, until, MOST_POINTS + 1]
        with database_errors(), self._pool.connection() as connection:
            points: list[Point] = connection.execute(_QUERY, values).fetchall()
        return points
