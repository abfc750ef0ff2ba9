"""How many badges are in a zone, by where their carriers are."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from streams.domain.evidence.spread import Spread, kept_of
from streams.domain.evidence.state import LYING, NOT_PEOPLE, UNSEEN, BadgeState, EvidenceState
from streams.domain.zones.area import ZoneArea

SURE: Final = 0.9
"""A badge is in a zone if it is there at least this likely."""

LIKELY: Final = 0.5
"""It may be there if it is at least this likely, or lies there."""

Around = Callable[[float, float], Sequence[str]]
"""Zones on a floor in which a position is, x and y in metres."""

UNSEEN_US: Final = 10_000_000
"""Whoever carries a badge and is seen by no camera is near its reader for this long after a read,
microseconds."""


def badges_in(
    state: EvidenceState,
    areas: Sequence[ZoneArea],
    around: Around,
    zones_of: Mapping[str, Sequence[str]],
    at_us: int,
) -> dict[str, tuple[int, int]]:
    """Count the badges of each zone.

    A badge is where its carriers are. Of badges with the same likeliest carrier one counts, and the
    others are doubted, as is one that may lie there. A badge whose carrier nobody sees is at its
    reader for a moment; readers that cover a zone have no position and tell only of who is seen.

    Args:
        state: The floor's evidence.
        areas: Zones of the floor.
        around: Finds the zones in which a reader is.
        zones_of: In which zones each person is, by person id.
        at_us: Event time, microseconds.

    Returns:
        Badges and how many of them are doubted, by zone id; zones without any are left out.
    """
    counted: dict[str, list[int]] = {}
    taken: set[tuple[str, str]] = set()
    for badge_id in sorted(state.badges):
        for zone_id, owner in _zones_with(state.badges[badge_id], around, zones_of, at_us):
            found = counted.setdefault(zone_id, [0, 0])
            found[0] += 1
            if owner != UNSEEN and (owner == _NOBODY or (zone_id, owner) in taken):
                found[1] += 1
            else:
                taken.add((zone_id, owner))
    return {
        area.zone_id: (counted[area.zone_id][0], counted[area.zone_id][1])
        for area in areas
        if area.zone_id in counted
    }


_NOBODY: Final = ""

_ROUNDING: Final = 1e-9
"""Sums in different orders differ by less."""


def _zones_with(
    badge: BadgeState,
    around: Around,
    zones_of: Mapping[str, Sequence[str]],
    at_us: int,
) -> list[tuple[str, str]]:
    """The zones in which a badge is or may be, each with the likeliest carrier there.

    The carrier is `UNSEEN` for somebody unseen, and `_NOBODY` where the badge may be elsewhere.
    """
    placed: Sequence[str] = ()
    if badge.x_m is not None and badge.y_m is not None:
        placed = around(badge.x_m, badge.y_m)
    kept = kept_of(badge)
    spread = kept.spread
    is_fresh = at_us - badge.read_us <= UNSEEN_US
    if spread.most >= SURE:  # all others together are not likely anywhere
        name = spread.first
        if name in NOT_PEOPLE:
            owner = UNSEEN if name == UNSEEN else _NOBODY
            return [(one, owner) for one in placed if is_fresh or name == LYING]
        return [(one, name) for one in zones_of.get(name, ())]
    there = [zones_of.get(name, ()) for name, _ in spread.likely]
    asked = is_fresh, placed, there
    if kept.asked != asked:
        found = _by_likely(spread, *asked)
        if found is None:
            return _by_all(badge.carriers, placed, is_fresh, zones_of)
        kept.asked, kept.found = asked, found
    known: list[tuple[str, str]] = kept.found
    return known


def _by_likely(
    spread: Spread, is_fresh: bool, placed: Sequence[str], there: Sequence[Sequence[str]]
) -> list[tuple[str, str]] | None:
    """The same from the people who are likely alone; None where the others may matter.

    Args:
        spread: Carriers of the badge.
        is_fresh: Whether it was read a moment ago.
        placed: Zones in which its reader is.
        there: In which zones each of the likely people is.
    """
    others = spread.others + _ROUNDING
    if others >= LIKELY:
        return None
    shares: dict[str, float] = dict.fromkeys(placed, spread.unseen if is_fresh else 0.0)
    for (_, share), zone_ids in zip(spread.likely, there, strict=True):
        for zone_id in zone_ids:
            shares[zone_id] = shares.get(zone_id, 0.0) + share
    found: list[tuple[str, str]] = []
    for zone_id, share in shares.items():
        lying = spread.lying if zone_id in placed else 0.0
        if share + lying + others < LIKELY:
            continue
        if share >= SURE + _ROUNDING:
            here = [
                (-one, name)
                for (name, one), zone_ids in zip(spread.likely, there, strict=True)
                if zone_id in zone_ids
            ]
            if is_fresh and zone_id in placed:
                here.append((-spread.unseen, UNSEEN))
            if not here or -min(here)[0] < spread.each:
                return None
            found.append((zone_id, min(here)[1]))
        elif share + others < SURE and share + lying >= LIKELY + _ROUNDING:
            found.append((zone_id, _NOBODY))
        else:
            return None
    return found


def _by_all(
    carriers: Mapping[str, float],
    placed: Sequence[str],
    is_fresh: bool,
    zones_of: Mapping[str, Sequence[str]],
) -> list[tuple[str, str]]:
    """The same from all carriers."""
    shares, first, most = _shares(carriers, zones_of)
    lying, unseen = 0.0, -1.0
    if placed:
        lying = carriers.get(LYING, 0.0)
        if is_fresh:
            unseen = carriers.get(UNSEEN, 0.0)
        for zone_id in placed:
            shares[zone_id] += max(0.0, unseen)
    found = []
    for zone_id, share in shares.items():
        if share >= SURE:
            at_reader = unseen if zone_id in placed else -1.0
            if first in zones_of and zone_id in zones_of[first] and most > at_reader:
                found.append((zone_id, first))
            else:
                found.append((zone_id, _likeliest(carriers, zones_of, zone_id, at_reader)))
        elif share >= LIKELY or (zone_id in placed and share + lying >= LIKELY):
            found.append((zone_id, _NOBODY))
    return found


def _shares(
    carriers: Mapping[str, float], zones_of: Mapping[str, Sequence[str]]
) -> tuple[dict[str, float], str, float]:
    """Probability that somebody in a zone carries a badge, by zone id, and the likeliest of all.

    Args:
        carriers: Carriers of the badge, each with the probability.
        zones_of: In which zones each person is, by person id.

    Returns:
        These probabilities, 0 for other zones; of the people who are there the likeliest, the first
        by name of those as likely, and how likely; empty and 0 for nobody.
    """
    shares: dict[str, float] = defaultdict(float)
    first, most = "", 0.0
    for name, share in carriers.items():
        if name in zones_of:
            if share > most or (share == most and name < first):
                first, most = name, share
            for zone_id in zones_of[name]:
                shares[zone_id] += share
    return shares, first, most


def _likeliest(
    carriers: Mapping[str, float],
    zones_of: Mapping[str, Sequence[str]],
    zone_id: str,
    at_reader: float,
) -> str:
    """The likeliest carrier in a zone, the first by name of those as likely; empty for nobody.

    Args:
        carriers: Carriers of a badge, each with the probability.
        zones_of: In which zones each person is, by person id.
        zone_id: The zone.
        at_reader: Probability of somebody unseen there; negative for nobody.
    """
    inside = [
        (-share, name)
        for name, share in carriers.items()
        if name in zones_of and zone_id in zones_of[name]
    ]
    if at_reader >= 0.0:
        inside.append((-at_reader, UNSEEN))
    return min(inside)[1] if inside else ""


def zones_around(areas: Sequence[ZoneArea], x_m: float, y_m: float) -> tuple[str, ...]:
    """The zones on a floor in which a position is, by id in their order; x and y in metres."""
    return tuple(area.zone_id for area in areas if area.in_metres and _holds(area, x_m, y_m))


def _holds(area: ZoneArea, x: float, y: float) -> bool:
    """Whether a position is in a zone on the floor."""
    if not area.bounds[1] <= y <= area.bounds[3]:
        return False
    inside = False
    ax, ay = area.polygon[-1]
    for bx, by in area.polygon:
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
        ax, ay = bx, by
    return inside
