"""What questions about a time of the past share: from when to when, and of which zones."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import HTTPException, Query
from pydantic import AwareDatetime

from workers.serving.api.board import Board
from workers.serving.live.visibility import Visibility
from workers.serving.recorded.figures import Row
from workers.storage.timescale.rows import at as to_moment
from workers.storage.timescale.rows import to_us

MINUTE_US: Final = 60_000_000

From = Annotated[
    AwareDatetime, Query(alias="from", description="ISO 8601, with an offset; whole minutes.")
]
To = Annotated[AwareDatetime, Query(alias="to", description="After it; what is ahead is left out.")]
Only = Annotated[str | None, Query(min_length=1, max_length=200)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Whole minutes of the past.

    Attributes:
        now_us: Clock of the server, UTC microseconds.
        from_us: First minute.
        to_us: Minute after the last; not after now.
    """

    now_us: int
    from_us: int
    to_us: int

    @property
    def since(self) -> datetime:
        """First minute, in UTC."""
        return to_moment(self.from_us)

    @property
    def until(self) -> datetime:
        """Minute after the last, in UTC."""
        return to_moment(self.to_us)


def range_of(
    since: datetime, until: datetime, now_us: int, longest: timedelta, limit: str
) -> Range:
    """Whole minutes of a time, as far as they are past.

    Args:
        since: Start, with an offset.
        until: End.
        now_us: Clock of the server, UTC microseconds.
        longest: Longest time that may be asked for.
        limit: The same for the answer, such as `13 weeks`.

    Raises:
        HTTPException: It is too long, empty, or ahead: 422.
    """
    from_us, to_us_ = (to_us(one) // MINUTE_US * MINUTE_US for one in (since, until))
    if until - since > longest:
        raise HTTPException(422, f"to: is more than {limit} after from")
    to_us_ = min(to_us_, now_us // MINUTE_US * MINUTE_US)
    if from_us < 0 or from_us >= to_us_:
        raise HTTPException(422, "from: is not a minute or more before to, or before now")
    return Range(now_us=now_us, from_us=from_us, to_us=to_us_)


def asked_for(
    board: Board,
    visible: Visibility,
    now_us: int,
    unit_id: str | None,
    floor_id: str | None,
    zone_id: str | None,
) -> Callable[[Row], bool]:
    """Whether a zone, as a row of `zones` with `removed_at`, is asked for, and the caller sees it.

    One that was removed belongs to the units that had it until then: it has none now.
    """
    registry = board.registry

    def shown(row: Row) -> bool:
        zone = row["zone_id"]
        removed_at = row["removed_at"]
        index = registry.unit_index(now_us if removed_at is None else to_us(removed_at) - 1)
        units = index.units_of("zone", zone) or frozenset()
        return (
            visible.sees_figures_of(units)
            and zone_id in (None, zone)
            and floor_id in (None, row["floor_id"])
            and (unit_id is None or unit_id in units)
        )

    return shown
