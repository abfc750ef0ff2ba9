"""Ticks: intervals of 200 ms of event time, aligned to the epoch; floors publish at their ends.

The tick with end E covers the half-open interval (E - 200 ms, E].
"""

TICK_US = 200_000
"""Length of a tick, microseconds."""


def tick_end(at_us: int) -> int:
    """End of the tick that holds `at_us`, microseconds.

    >>> tick_end(200_000), tick_end(200_001)
    (200000, 400000)
    """
    return -(-at_us // TICK_US) * TICK_US


def last_tick_end(at_us: int) -> int:
    """End of the last tick that is over at `at_us`, microseconds.

    >>> last_tick_end(399_999), last_tick_end(400_000)
    (200000, 400000)
    """
    return at_us // TICK_US * TICK_US


def next_boundary(after_us: int, period_us: int) -> int:
    """First multiple of `period_us` later than `after_us`, microseconds."""
    return (after_us // period_us + 1) * period_us
