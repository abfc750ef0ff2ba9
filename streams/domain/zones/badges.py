"""How many badges are in a zone, by where their carriers are."""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.domain.evidence.state import LYING, UNSEEN, EvidenceState
from streams.domain.zones.area import ZoneArea

SURE: Final = 0.9
"""A badge is in a zone if it is there at least this likely."""

LIKELY: Final = 0.5
"""It may be there if it is at least this likely, or lies there."""

UNSEEN_US: Final = 10_000_000
"""Whoever carries a badge and is seen by no camera is near its reader for this long after a read,
microseconds."""


def badges_in(
    state: EvidenceState,
    areas: Sequence[ZoneArea],
    inside: Mapping[str, Sequence[str]],
    at_us: int,
) -> dict[str, tuple[int, int]]:
    """Count the badges of each zone.

    A badge is where its carriers are. Of badges with the same likeliest carrier one counts, and the
    others are doubted, as is one that may lie there. A badge whose carrier nobody sees is at its
    reader for a moment; readers that cover a zone have no position and tell only of who is seen.

    Args:
        state: The floor's evidence.
        areas: Zones of the floor.
        inside: Who is in each of them, by zone id.
        at_us: Event time, microseconds.

    Returns:
        Badges and how many of them are doubted, by zone id; zones without any are left out.
    """
    zones_of: dict[str, list[str]] = {}
    for zone_id, people in inside.items():
        for name in people:
            zones_of.setdefault(name, []).append(zone_id)
    placed = [area for area in areas if area.in_metres]
    # Many badges were read last by the same few readers.
    zones_at: dict[tuple[float | None, float | None], list[str]] = {}
    counted: dict[str, _Counted] = {}
    for badge_id in sorted(state.badges):
        badge = state.badges[badge_id]
        here: dict[str, dict[str, float]] = {}
        for name, share in badge.carriers.items():
            for zone_id in zones_of.get(name, ()):
                here.setdefault(zone_id, {})[name] = share
        lying: dict[str, float] = {}
        spot = (badge.x_m, badge.y_m)
        if spot not in zones_at:
            zones_at[spot] = [area.zone_id for area in placed if _holds(area, *spot)]
        for zone_id in zones_at[spot]:
            lying[zone_id] = badge.carriers.get(LYING, 0.0)
            at_reader = here.setdefault(zone_id, {})
            if at_us - badge.read_us <= UNSEEN_US:
                at_reader[UNSEEN] = badge.carriers.get(UNSEEN, 0.0)
        for zone_id, carriers in here.items():
            share = sum(carriers.values())
            if share + lying.get(zone_id, 0.0) >= LIKELY:
                counted.setdefault(zone_id, _Counted()).add(carriers, share)
    return {
        area.zone_id: (counted[area.zone_id].badges, counted[area.zone_id].doubted)
        for area in areas
        if area.zone_id in counted
    }


class _Counted:
    """The badges of one zone.

    Attributes:
        badges: How many there are.
        doubted: How many of them are doubted.
    """

    def __init__(self) -> None:
        self.badges = self.doubted = 0
        self._taken: set[str] = set()

    def add(self, carriers: Mapping[str, float], share: float) -> None:
        """Count a badge.

        Args:
            carriers: Who carries it here, with their probabilities.
            share: How likely one of them does.
        """
        self.badges += 1
        owner = max(sorted(carriers), key=carriers.__getitem__, default="")
        if share < SURE or (owner != UNSEEN and owner in self._taken):
            self.doubted += 1
        else:
            self._taken.add(owner)


def _holds(area: ZoneArea, x: float | None, y: float | None) -> bool:
    """Whether a reader is in a zone on the floor; one without a position is not."""
    if x is None or y is None or not area.bounds[1] <= y <= area.bounds[3]:
        return False
    inside = False
    ax, ay = area.polygon[-1]
    for bx, by in area.polygon:
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
        ax, ay = bx, by
    return inside
