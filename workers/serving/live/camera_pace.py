"""Frames per second of cameras, from the numbers of their newest live values at several moments."""

from collections.abc import Mapping
from typing import Final, NamedTuple

WINDOW_US: Final = 20_000_000
"""Moments that are farther back count no longer, microseconds."""

LEAST_US: Final = 1_500_000
"""Over a shorter time nothing is measured, microseconds."""

_STEP_US: Final = 900_000


class _Moment(NamedTuple):
    at_us: int
    seq: int


class CameraPace:
    """Measures how many frames of each camera reach the board per second.

    It holds at most one moment a second of each camera, and forgets cameras that are gone.
    """

    def __init__(self) -> None:
        self._moments: dict[str, list[_Moment]] = {}

    def update(self, now_us: int, seqs: Mapping[str, int]) -> dict[str, float | None]:
        """Take in the newest numbers; returns frames per second by camera.

        A rate is None until a second and a half were watched; it is 0.0 for a camera whose number
        stood still for the time that was watched.

        Args:
            now_us: Wall clock, UTC microseconds.
            seqs: Number of the newest live value, by camera; it rises by one with each frame.
        """
        for gone in self._moments.keys() - seqs.keys():
            del self._moments[gone]
        return {camera_id: self._rate(now_us, camera_id, seq) for camera_id, seq in seqs.items()}

    def _rate(self, now_us: int, camera_id: str, seq: int) -> float | None:
        known = [one for one in self._moments.get(camera_id, []) if one.at_us > now_us - WINDOW_US]
        if known and (seq < known[-1].seq or now_us < known[-1].at_us):
            known = []  # counted from the start again, or the clock was set back
        first = known[0] if known else _Moment(now_us, seq)
        if not known or now_us - known[-1].at_us >= _STEP_US:
            known.append(_Moment(now_us, seq))
        self._moments[camera_id] = known
        watched_us = now_us - first.at_us
        return (seq - first.seq) / (watched_us / 1e6) if watched_us >= LEAST_US else None
