"""How long to wait before trying again."""

import random


class Backoff:
    """Doubling pauses with jitter, so that cameras of one switch do not come back in step.

    Args:
        initial_s: First pause, seconds.
        max_s: Longest pause, seconds.
        jitter: Source of chance.
    """

    def __init__(self, initial_s: float, max_s: float, jitter: random.Random) -> None:
        self._initial_s = initial_s
        self._max_s = max_s
        self._jitter = jitter
        self._tries = 0

    def next_s(self) -> float:
        """The next pause: between half and all of the doubled one, seconds."""
        whole_s = min(self._max_s, self._initial_s * 2.0 ** min(self._tries, 32))
        self._tries += 1
        return whole_s * self._jitter.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked: begin with the first pause again."""
        self._tries = 0
