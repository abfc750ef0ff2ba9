"""Records per second that stages take in, from their committed offsets."""

from collections import deque
from collections.abc import Mapping
from typing import Final

WINDOW_US: Final = 30_000_000
"""Moments that are farther back count no longer, microseconds: some stages commit in steps."""

LEAST_US: Final = 9_000_000
"""Over a shorter time nothing is measured, microseconds."""


class Throughput:
    """Measures how fast each stage comes on."""

    def __init__(self) -> None:
        self._moments: dict[str, deque[tuple[int, int]]] = {}

    def update(self, now_us: int, committed: Mapping[str, int]) -> dict[str, float]:
        """Take in committed offsets; returns records per second of stages watched long enough.

        Args:
            now_us: Wall clock, UTC microseconds.
            committed: Sum of the committed offsets, by stage.
        """
        rates = {}
        for stage, offset in committed.items():
            moments = self._moments.setdefault(stage, deque())
            if moments and (offset < moments[-1][1] or now_us <= moments[-1][0]):
                moments.clear()  # it reads again from an earlier place, or the clock was set back
            moments.append((now_us, offset))
            while moments[0][0] < now_us - WINDOW_US:
                moments.popleft()
            watched_us = now_us - moments[0][0]
            if watched_us >= LEAST_US:
                rates[stage] = (offset - moments[0][1]) / (watched_us / 1e6)
        return rates
