"""How many badges are in a zone, by where their carriers are."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from streams.domain.evidence.spread import Kept, Spread, kept_of
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
    before: _Before | None = state.kept
    moved: set[str] = set()
    if before is not None and before.areas is areas:
        moved = _moved(before.zones_of, zones_of)
    else:
        before = None
    for badge_id in sorted(state.badges):
        badge = state.badges[badge_id]
        kept = kept_of(badge)
        if (
            before is None
            or kept.at_us != before.at_us
            or at_us > kept.until_us
            or not moved.isdisjoint(kept.depends_on)
        ):
            _find_zones(badge, kept, around, zones_of, at_us)
        kept.at_us = at_us
        for zone_id, owner in kept.found:
            found = counted.setdefault(zone_id, [0, 0])
            found[0] += 1
            if owner != UNSEEN and (owner == _NOBODY or (zone_id, owner) in taken):
                found[1] += 1
            else:
                taken.add((zone_id, owner))
    state.keep(_Before(areas, zones_of, at_us))
    return {
        area.zone_id: (counted[area.zone_id][0], counted[area.zone_id][1])
        for area in areas
        if area.zone_id in counted
    }


_NOBODY: Final = ""

_ROUNDING: Final = 1e-9
"""Sums in different orders differ by less."""

_NEVER_US: Final = 2**62


class _Before(NamedTuple):
    """For what the zones of the badges of a floor were found last.

    Attributes:
        areas: Zones of the floor.
        zones_of: In which zones each person was, by person id.
        at_us: Event time, microseconds.
    """

    areas: Sequence[ZoneArea]
    zones_of: Mapping[str, Sequence[str]]
    at_us: int


def _moved(before: Mapping[str, Sequence[str]], zones_of: Mapping[str, Sequence[str]]) -> set[str]:
    """Who is in other zones than before."""
    moved = {name for name, zone_ids in zones_of.items() if before.get(name, ()) != zone_ids}
    if before.keys() != zones_of.keys():
        moved |= before.keys() - zones_of.keys()
    return moved


def _find_zones(
    badge: BadgeState,
    kept: Kept,
    around: Around,
    zones_of: Mapping[str, Sequence[str]],
    at_us: int,
) -> None:
    """Find the zones in which a badge is or may be, each with the likeliest carrier there.

    The carrier is `UNSEEN` for somebody unseen, and `_NOBODY` where the badge may be elsewhere.
    """
    placed: Sequence[str] = ()
    if badge.x_m is not None and badge.y_m is not None:
        placed = around(badge.x_m, badge.y_m)
    is_fresh = at_us - badge.read_us <= UNSEEN_US
    kept.until_us = badge.read_us + UNSEEN_US if is_fresh else _NEVER_US
    spread = kept.spread
    if spread.most >= SURE:  # all others together are not likely anywhere
        kept.depends_on = (spread.first,)
        if spread.first in NOT_PEOPLE:
            owner = UNSEEN if spread.first == UNSEEN else _NOBODY
            kept.found = [(one, owner) for one in placed if is_fresh or owner == _NOBODY]
        else:
            kept.found = [(one, spread.first) for one in zones_of.get(spread.first, ())]
        return
    kept.depends_on = spread.names
    there = [zones_of.get(name, ()) for name, _ in spread.likely]
    found = _by_likely(spread, is_fresh, placed, there)
    if found is None:
        kept.depends_on = badge.carriers
        found = _by_all(badge.carriers, placed, is_fresh, zones_of)
    kept.found = found


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
