"""Where people were at the times of the reads of a tick."""

from typing import Final

from streams.domain.evidence.readers import Reader, reads
from streams.domain.evidence.settings import MICROSECONDS, EvidenceSettings
from streams.domain.evidence.state import EvidenceState

_LEAST: Final = 1e-12
"""A smaller likelihood is none: whoever is so far from a reader is not weighed against strays."""


class Whereabouts:
    """The remembered positions of the people of a floor, as of one tick.

    Reads come in order of their times, so it stays at each person's last position that was asked
    for, and goes on from there.

    Args:
        state: The floor's evidence; its trails stay as they are while this is in use.
        settings: How long a position stands for where somebody is.
    """

    def __init__(self, state: EvidenceState, settings: EvidenceSettings) -> None:
        self._ids = [name for name in sorted(state.people) if state.people[name].trail]
        self._trails = [state.people[name].trail for name in self._ids]
        self._at = [len(trail) - 1 for trail in self._trails]
        self._within_us = 2 * settings.trail_step_us

    def likelihoods(self, reader: Reader, at_us: int) -> dict[str, float]:
        """How likely a reader would have read each person who was there, by id in order.

        Of two positions that are equally near in time, the later one counts; its standard deviation
        grows by what somebody walks between the two times.

        Args:
            reader: The reader.
            at_us: Event time, microseconds.
        """
        found = {}
        last, within_us = self._at, self._within_us
        for index, trail in enumerate(self._trails):
            at = last[index]
            off_us = abs(trail[at][0] - at_us)
            while at and abs(trail[at - 1][0] - at_us) < off_us:
                at -= 1
                off_us = abs(trail[at][0] - at_us)
            while at + 1 < len(trail) and abs(trail[at + 1][0] - at_us) <= off_us:
                at += 1
                off_us = abs(trail[at][0] - at_us)
            last[index] = at
            if off_us <= within_us:
                _, x_m, y_m, sd_m, zone_ids = trail[at]
                likelihood = reads(reader, x_m, y_m, sd_m + off_us / MICROSECONDS, zone_ids)
                found[self._ids[index]] = likelihood if likelihood >= _LEAST else 0.0
        return found
