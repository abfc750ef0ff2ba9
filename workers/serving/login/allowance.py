"""How often something may be done that strangers can ask for without end."""

import math

from runtime.clock import Clock


class Allowance:
    """A bucket of tokens, which fills up over time.

    Args:
        size: How often at once.
        per_s: How often a second after that.
        clock: Source of the time.
    """

    def __init__(self, size: int, per_s: float, clock: Clock) -> None:
        self._size = size
        self._per_s = per_s
        self._clock = clock
        self._left = float(size)
        self._at_s = clock.monotonic_s()

    def take(self, count: int = 1) -> bool:
        """Whether it may be done once more now, or `count` times; if not, nothing is used up."""
        self._fill()
        if self._left < count:
            return False
        self._left -= count
        return True

    def wait_s(self, count: int = 1) -> float:
        """Time until it may be done `count` times, s; infinite where that is never."""
        self._fill()
        if count > self._size:
            return math.inf
        return max(0.0, count - self._left) / self._per_s

    def _fill(self) -> None:
        now_s = self._clock.monotonic_s()
        self._left = min(self._size, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
