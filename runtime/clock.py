"""The only module that reads the wall clock; everything else takes the time as an argument."""

import time
from typing import Protocol


class Clock(Protocol):
    """Source of the time; tests pass their own."""

    def now_us(self) -> int:
        """Wall clock, UTC microseconds since the epoch."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Block for `seconds`."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_us(self) -> int:
        """Wall clock, UTC microseconds since the epoch."""
        return time.time_ns() // 1_000

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for `seconds`."""
        time.sleep(seconds)
