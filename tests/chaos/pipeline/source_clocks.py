"""What the cameras' own clocks say while a pipeline is attacked, and how they go wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.support.large_ward import Camera

JITTER_US: Final = 30_000
"""Longest time from the picture to its arrival, microseconds."""

_WITHOUT_CLOCK: Final = 2
"""Number, on its floor, of the camera that has no clock of its own."""


@dataclass(frozen=True)
class Error:
    """How a clock is wrong.

    Attributes:
        offset_us: How far it was ahead at `since_us`, microseconds.
        rate: How many microseconds it gains in one; below -1 it runs backward.
        since_us: Time from which on it gains, UTC microseconds.
        readings: Readings in turn instead of its time; None for those that are missing.
    """

    offset_us: int = 0
    rate: float = 0.0
    since_us: int = 0
    readings: Sequence[int | None] = ()


class SourceClocks:
    """The clocks of a ward's cameras; each is right until it is set.

    Args:
        cameras: Cameras of the ward; the last of each floor of three has no clock.

    Attributes:
        followed: Cameras with a clock.
        unclocked: Cameras without one.
        missing: Number of readings that were missing.
        nonsense: Number of readings that were no times.
    """

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self.followed: list[str] = []
        self.unclocked: list[str] = []
        for camera in cameras:
            has_none = camera.number % 3 == _WITHOUT_CLOCK
            (self.unclocked if has_none else self.followed).append(camera.camera_id)
        self._errors = {camera_id: Error() for camera_id in self.followed}
        self._turn = 0
        self.missing = 0
        self.nonsense = 0

    def read(self, camera_id: str, arrival_us: int) -> int | None:
        """What a camera's clock said for a picture that arrived then, microseconds."""
        error = self._errors.get(camera_id)
        if error is None:
            return None
        if error.readings:
            self._turn += 1
            reading = error.readings[self._turn % len(error.readings)]
            self.missing += reading is None
            self.nonsense += reading is not None
            return reading
        taken_us = arrival_us - arrival_us * 7_919 // 1_000 % JITTER_US
        return round(taken_us + error.offset_us + error.rate * (taken_us - error.since_us))

    def set(self, camera_id: str, error: Error) -> None:
        """Make a clock wrong, or right with `Error()`."""
        self._errors[camera_id] = error

    def error_us(self, camera_id: str) -> int:
        """How far a clock is ahead that only jumped, microseconds."""
        return self._errors[camera_id].offset_us

    def jump(self, camera_id: str, by_us: int) -> None:
        """Step a clock."""
        self.set(camera_id, Error(offset_us=self.error_us(camera_id) + by_us))
