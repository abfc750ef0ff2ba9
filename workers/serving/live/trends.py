"""People per zone over the last half hour, and each zone's last event, as this process saw them.

Only for the sparkline and the "last change" of the board; history for analysis is in SQL.
"""

from collections import deque
from typing import Final, NamedTuple

from workers.serving.live.event import Change

WINDOW_US: Final = 30 * 60 * 1_000_000
"""How far back a trend reaches, microseconds of event time."""

MAX_POINTS: Final = 1_800
"""Most points kept per zone: one a second."""


class LastChange(NamedTuple):
    """The last zone event."""

    kind: str
    at_us: int


class Trends:
    """Steps of each zone's number of people."""

    def __init__(self) -> None:
        self._steps: dict[str, deque[tuple[int, int]]] = {}
        self._last: dict[str, LastChange] = {}

    def take(self, change: Change) -> None:
        """Add a change; only zones and zone events count."""
        if change.kind == "zone":
            self._occupancy(change.identity, change.as_of_us, change.record.get("people", 0))
        elif change.kind == "zone-event":
            self._event(change)

    def _occupancy(self, zone_id: str, at_us: int, people: int) -> None:
        steps = self._steps.setdefault(zone_id, deque(maxlen=MAX_POINTS))
        if steps and at_us < steps[-1][0]:
            return
        if not steps or steps[-1][1] != people:
            steps.append((at_us, people))
        # The step in force at the beginning of the window stays.
        while len(steps) > 1 and steps[1][0] <= at_us - WINDOW_US:
            steps.popleft()

    def _event(self, change: Change) -> None:
        last = self._last.get(change.identity)
        at_us = change.record.get("at_us", change.as_of_us)
        if last is None or at_us >= last.at_us:
            self._last[change.identity] = LastChange(change.record.get("kind", "UNKNOWN"), at_us)

    def zones(self) -> list[str]:
        """Zones that were seen, sorted."""
        return sorted(self._steps)

    def steps(self, zone_id: str) -> list[tuple[int, int]]:
        """Steps `(event time in microseconds, people)` of a zone, oldest first."""
        return list(self._steps.get(zone_id, ()))

    def last_change(self, zone_id: str) -> LastChange | None:
        """The last event of a zone, or None when none was seen."""
        return self._last.get(zone_id)
