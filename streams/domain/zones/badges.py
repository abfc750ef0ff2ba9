"""How many badges are in a zone, by where their carriers are."""

from collections.abc import Mapping, Sequence
from typing import Final

from streams.domain.evidence.state import LYING, UNSEEN, EvidenceState
from streams.domain.zones.area import ZoneArea
from streams.domain.zones.geometry import Polygon

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
    found: dict[str, tuple[int, int]] = {}
    for area in areas:
        people = frozenset(inside.get(area.zone_id, ()))
        badges = doubted = 0
        taken: set[str] = set()
        for badge_id in sorted(state.badges):
            badge = state.badges[badge_id]
            here = {one: share for one, share in badge.carriers.items() if one in people}
            lying = 0.0
            if area.in_metres and _holds(area.polygon, badge.x_m, badge.y_m):
                lying = badge.carriers.get(LYING, 0.0)
                if at_us - badge.read_us <= UNSEEN_US:
                    here[UNSEEN] = badge.carriers.get(UNSEEN, 0.0)
            share = sum(here.values())
            if share + lying < LIKELY:
                continue
            badges += 1
            owner = max(sorted(here), key=here.__getitem__, default="")
            if share < SURE or (owner != UNSEEN and owner in taken):
                doubted += 1
            else:
                taken.add(owner)
        if badges:
            found[area.zone_id] = badges, doubted
    return found


def _holds(polygon: Polygon, x: float | None, y: float | None) -> bool:
    """Whether a reader is in a polygon; one without a position is not."""
    if x is None or y is None:
        return False
    inside = False
    ax, ay = polygon[-1]
    for bx, by in polygon:
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
        ax, ay = bx, by
    return inside
