"""The last values of each zone, so that many zones can be shown as of one event time."""

from collections import deque
from typing import Any, Final

from workers.serving.live.event import Change
from workers.serving.live.records import Occupancy

WINDOW_US: Final = 30_000_000
"""How far back values are kept, microseconds of event time."""

MOST: Final = 200
"""Most values kept per zone: one for each tick of the window, and some."""


class RecentZones:
    """Values of zones that this process saw, those of each zone without a gap in `seq`."""

    def __init__(self) -> None:
        self._values: dict[str, deque[dict[str, Any]]] = {}

    def take(self, change: Change) -> None:
        """Add a change; only values of zones count."""
        if change.kind != "zone":
            return
        values = self._values.setdefault(change.identity, deque(maxlen=MOST))
        if values and change.record["seq"] != values[-1]["seq"] + 1:
            values.clear()
        values.append(change.record)
        while len(values) > 1 and values[1]["as_of_us"] <= change.as_of_us - WINDOW_US:
            values.popleft()

    def at(self, newest: Occupancy, at_us: int) -> Occupancy | None:
        """The value of a zone that held at an event time.

        Args:
            newest: The zone's newest value.
            at_us: Event time, microseconds.

        Returns:
            None where a value in between is not known, so that any other could be wrong.
        """
        if newest.as_of_us <= at_us:
            return newest
        later = newest.seq
        for value in reversed(self._values.get(newest.zone_id, ())):
            if value["seq"] >= later:
                continue
            if value["seq"] != later - 1:
                return None
            if value["as_of_us"] <= at_us:
                return Occupancy.model_validate(value)
            later = value["seq"]
        return None
