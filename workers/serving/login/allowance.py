"""How often something may be done that strangers can ask for without end."""

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

    def take(self) -> bool:
        """Whether it may be done once more now."""
        now_s = self._clock.monotonic_s()
        self._left = min(self._size, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
