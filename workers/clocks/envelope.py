"""The lower envelope of a delay: a line that no picture was faster than.

How long a picture takes is the least delay of its way, and what the network adds at that moment.
What is added is never negative, so the least delays over a while show the clocks alone: against the
camera's own time they lie on a line, whose height is the offset and whose slope is the drift.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Delay(NamedTuple):
    """How long after the camera's own time a picture arrived.

    Attributes:
        source_us: The camera's own time, microseconds.
        delay_us: Arrival less that time, microseconds; any number, since the clocks differ.
    """

    source_us: int
    delay_us: int


class Envelope(NamedTuple):
    """Delay by the camera's own time.

    Attributes:
        reference_us: A time on the camera's clock, microseconds.
        offset_us: Delay at that time, microseconds.
        slope: Microseconds more for each microsecond of the camera's clock.
    """

    reference_us: int
    offset_us: float
    slope: float

    def at(self, source_us: int) -> float:
        """Delay at a time on the camera's clock, microseconds."""
        return self.offset_us + self.slope * (source_us - self.reference_us)


def level_of(delays: Sequence[Delay]) -> Envelope:
    """The level line that touches the least delay, with its reference at the last."""
    return Envelope(delays[-1].source_us, min(one.delay_us for one in delays), 0.0)


def envelope_of(delays: Sequence[Delay], steepest: float) -> Envelope:
    """The line under all delays that is closest to them, by the sum of the distances.

    It is the edge of the lower convex hull over the mean of the times.

    Args:
        delays: At least one, by rising time.
        steepest: Largest slope, up or down; a steeper line is turned to it, still under all delays.

    Returns:
        The line, with its reference at the last time.
    """
    first_us, last_us = delays[0].source_us, delays[-1].source_us
    hull: list[tuple[int, int]] = []
    for source_us, delay_us in delays:
        x = source_us - first_us
        while len(hull) > 1 and _turns_right(hull[-2], hull[-1], (x, delay_us)):
            hull.pop()
        if hull and hull[-1][0] == x:
            if hull[-1][1] <= delay_us:
                continue
            hull.pop()
        hull.append((x, delay_us))
    mean = sum(one.source_us - first_us for one in delays) / len(delays)
    slope = 0.0
    for (x, low), (next_x, next_low) in pairwise(hull):
        slope = (next_low - low) / (next_x - x)
        if next_x >= mean:
            break
    slope = min(max(slope, -steepest), steepest)
    offset = min(one.delay_us - slope * (one.source_us - last_us) for one in delays)
    return Envelope(last_us, offset, slope)


def _turns_right(one: tuple[int, int], two: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether the second point lies on or above the way from the first to a new one."""
    across = (two[0] - one[0]) * (new[1] - one[1]) - (two[1] - one[1]) * (new[0] - one[0])
    return across <= 0
