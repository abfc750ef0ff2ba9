"""Take frames at a chosen rate instead of the camera's own."""

from fractions import Fraction

_TOLERANCE_US = 1_000
"""Containers round times down by as much as a millisecond; a frame that is early by less than
that still belongs to the next interval."""


class Thinner:
    """Keeps the first frame of every interval of `1 / fps` seconds of the source's time.

    The decision depends on the source's own times alone, so it is the same on every run.

    Args:
        fps: Frames kept per second; a source with fewer keeps all of them.
    """

    def __init__(self, fps: float) -> None:
        self._fps = Fraction(str(fps))
        self._last: int | None = None

    def keep(self, pts_us: int) -> bool:
        """Whether to keep the frame at `pts_us` (microseconds of the source's time).

        Time that goes back starts a new count: a reopened stream starts at zero.
        """
        interval = (pts_us + _TOLERANCE_US) * self._fps // 1_000_000
        if interval == self._last:
            return False
        self._last = interval
        return True
