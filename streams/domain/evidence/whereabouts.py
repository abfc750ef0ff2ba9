"""Where people were at the times of the reads of a tick."""

from collections.abc import Sequence
from typing import Any, Final

from streams.domain.evidence.readers import Reader, reach_of, reads
from streams.domain.evidence.settings import MICROSECONDS, EvidenceSettings
from streams.domain.evidence.state import EvidenceState

_LEAST: Final = 1e-12
"""A smaller likelihood is none: whoever is so far from a reader is not weighed against strays."""

_FAR: Final = 56.0
"""The likelihood is smaller than that where the distance squared is more than so many variances."""


class Whereabouts:
    """The remembered positions of the people of a floor, as of one tick.

    Reads come in order of their times, so it stays at each person's last position that was asked
    for, and goes on from there.

    Args:
        state: The floor's evidence; its trails stay as they are while this is in use.
        from_us: Event time of the first read, microseconds.
        settings: How long a position stands for where somebody is.
    """

    def __init__(self, state: EvidenceState, from_us: int, settings: EvidenceSettings) -> None:
        step_us = settings.trail_step_us
        self._ids: list[str] = []
        self._trails: list[list[Any]] = []
        self._at: list[int] = []
        for name in sorted(state.people):
            trail = state.people[name].trail
            if trail:
                last = len(trail) - 1
                # About there, where somebody was seen all the time; it goes on from any position.
                at = last - (trail[-1][0] - from_us) // step_us
                self._ids.append(name)
                self._trails.append(trail)
                self._at.append(last if at > last else max(at, 0))
        self._index_of = {name: index for index, name in enumerate(self._ids)}
        self._within_us = 2 * step_us
        self._asked_us = from_us

    def likelihoods(self, reader: Reader, at_us: int) -> dict[str, float]:
        """How likely a reader would have read those people at all who were there, by id in order.

        Of two positions that are equally near in time, the later one counts; its standard deviation
        grows by what somebody walks between the two times.

        Args:
            reader: The reader.
            at_us: Event time, microseconds.
        """
        found = {}
        positions, within_us = self._at, self._within_us
        x_m, y_m, reach = reader.x_m, reader.y_m, reach_of(reader)
        is_placed = not reader.zone_id
        for index, trail in enumerate(self._trails):
            at = positions[index]
            off_us = trail[at][0] - at_us
            if off_us > 0:
                if at and abs(trail[at - 1][0] - at_us) < off_us:
                    at, off_us = _back(trail, at, at_us)
                    positions[index] = at
            else:
                off_us = -off_us
                if at + 1 < len(trail) and abs(trail[at + 1][0] - at_us) <= off_us:
                    at, off_us = _on(trail, at, at_us)
                    positions[index] = at
            if off_us > within_us:
                continue
            _, there_x_m, there_y_m, sd_m, zone_ids = trail[at]
            sd_m += off_us / MICROSECONDS
            if is_placed:
                along_m, across_m = there_x_m - x_m, there_y_m - y_m
                apart = along_m * along_m + across_m * across_m
                if apart > _FAR * (reach + sd_m * sd_m):
                    continue
            likelihood = reads(reader, there_x_m, there_y_m, sd_m, zone_ids)
            if likelihood >= _LEAST:
                found[self._ids[index]] = likelihood
        self._asked_us = at_us
        return found

    def was_there(self, person_id: str) -> bool:
        """Whether a position of somebody is remembered for the time that was asked for last."""
        index = self._index_of.get(person_id)
        if index is None:
            return False
        there_us = self._trails[index][self._at[index]][0]
        return bool(abs(there_us - self._asked_us) <= self._within_us)


def _back(trail: Sequence[Sequence[Any]], at: int, at_us: int) -> tuple[int, int]:
    """The position nearest in time among the earlier ones, and how far off it is."""
    while at and abs(trail[at - 1][0] - at_us) < abs(trail[at][0] - at_us):
        at -= 1
    return at, abs(trail[at][0] - at_us)


def _on(trail: Sequence[Sequence[Any]], at: int, at_us: int) -> tuple[int, int]:
    """The position nearest in time among the later ones, and how far off it is."""
    while at + 1 < len(trail) and abs(trail[at + 1][0] - at_us) <= abs(trail[at][0] - at_us):
        at += 1
    return at, abs(trail[at][0] - at_us)
