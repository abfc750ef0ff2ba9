"""A clock that a test moves ahead of the machine's."""

from runtime.clock import SystemClock


class AheadClock(SystemClock):
    """The machine's time and `ahead_s` seconds, for a board whose provider has a clock of its own.

    Attributes:
        ahead_s: How far it is ahead, s.
    """

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now_us(self) -> int:
        """UTC microseconds."""
        return super().now_us() + round(self.ahead_s * 1e6)

    def monotonic_s(self) -> float:
        """Seconds since some moment."""
        return super().monotonic_s() + self.ahead_s
