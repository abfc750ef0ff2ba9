"""Badges, readers, and how likely a reader reads what somebody at an estimated position carries."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

RANGE_M: Final = 1.5
"""Range of a reader whose range is not given, m."""


class Holder(NamedTuple):
    """A member of staff who may carry a badge."""

    staff_id: str
    role: str


class Badge(NamedTuple):
    """A badge.

    Attributes:
        badge_id: Pseudonym of the badge.
        holders: Whose it is; several where it is shared, nobody where that is not known.
    """

    badge_id: str
    holders: tuple[Holder, ...] = ()


class Reader(NamedTuple):
    """A reader of badges.

    Attributes:
        reader_id: Id of the reader.
        x_m: Position, metres of the floor; NaN for one that covers a zone.
        y_m: Position, metres of the floor; NaN for one that covers a zone.
        range_m: It seldom reads farther than this, m.
        zone_id: Zone that it covers; empty for one with a position.
    """

    reader_id: str
    x_m: float = math.nan
    y_m: float = math.nan
    range_m: float = RANGE_M
    zone_id: str = ""


class Read(NamedTuple):
    """A badge was read.

    Attributes:
        at_us: Event time, microseconds.
        reader_id: The reader.
        badge_id: Pseudonym of the badge.
    """

    at_us: int
    reader_id: str
    badge_id: str


def reads(reader: Reader, x_m: float, y_m: float, sd_m: float, zone_ids: Sequence[str]) -> float:
    """Likelihood that the reader reads a badge that somebody carries there.

    A reader with a position reads with probability `exp(-d^2 / 2 s^2)` at distance `d`, where `s`
    is half of its range; that is averaged over the normal error of the person's position. One that
    covers a zone reads who is in it.

    Args:
        reader: The reader.
        x_m: Estimated position, metres of the floor.
        y_m: Estimated position, metres of the floor.
        sd_m: Its standard deviation in either direction, m.
        zone_ids: Zones in which the person is.

    Returns:
        0 to 1; 0 where it cannot be known.
    """
    if reader.zone_id:
        return 1.0 if reader.zone_id in zone_ids else 0.0
    reach = reach_of(reader)
    spread = reach + sd_m * sd_m
    apart = (x_m - reader.x_m) ** 2 + (y_m - reader.y_m) ** 2
    if not apart >= 0.0 or not spread > 0.0:
        return 0.0  # NaN: a position is not known
    return reach / spread * math.exp(-0.5 * apart / spread)


def reach_of(reader: Reader) -> float:
    """Variance of how far away a reader reads, m^2."""
    return (0.5 * reader.range_m) ** 2
