"""A clock whose time a test sets."""


class SetClock:
    """A clock that shows the time that a test sets; its pauses take no time.

    Args:
        now_s: Time that it shows first, s.

    Attributes:
        slept: Length of each pause so far, s.
    """

    def __init__(self, now_s: float = 1_000.0) -> None:
        self.now_s = now_s
        self.slept: list[float] = []

    def now_us(self) -> int:
        return round(self.now_s * 1e6)

    def monotonic_s(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds
