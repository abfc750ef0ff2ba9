"""The staffing of several zones together: a unit, a department or a site, at one event time.

Zones whose numbers are not known at that time are named and left out, never taken as empty.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class RoleFigures(NamedTuple):
    """One role in a zone, as its record has it.

    Attributes:
        present_min: People present in the role for sure.
        present_max: Those, and everybody who is not identified.
        scheduled: People scheduled.
        required: People required; the most that may be.
        gap_min: Fewest missing.
        gap_max: Most missing.
    """

    present_min: int
    present_max: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int


class ZoneFigures(NamedTuple):
    """A zone, as its record has it.

    Attributes:
        person_ids: Who is in the zone.
        scheduled: Staff scheduled.
        required: Staff required; the most that may be.
        gap_min: Fewest staff missing.
        gap_max: Most staff missing.
        roles: Its roles.
    """

    person_ids: frozenset[str]
    scheduled: int
    required: int
    gap_min: int
    gap_max: int
    roles: Mapping[str, RoleFigures]


class RoleTotal(NamedTuple):
    """One role in several zones.

    Attributes:
        figures: Sums over the zones.
        spare: People who are present in the role for sure and whom their zone does not require
            there, as a sum over the zones.
    """

    figures: RoleFigures
    spare: int


class Total(NamedTuple):
    """Several zones together.

    Attributes:
        zone_ids: Zones that it holds, sorted.
        stale_zone_ids: Zones that it lacks, since nothing is known of them now, sorted.
        people: People in one zone or more, each once.
        scheduled: Staff scheduled, as a sum.
        required: Staff required, as a sum.
        gap_min: Fewest staff missing: a surplus of one zone fills no gap of another, since nobody
            has gone there yet.
        gap_max: Most staff missing, likewise.
        roles: By role, sorted. Who is in two zones that overlap counts in both, as in their
            records.
    """

    zone_ids: tuple[str, ...]
    stale_zone_ids: tuple[str, ...]
    people: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int
    roles: dict[str, RoleTotal]


_NOBODY = RoleTotal(RoleFigures(0, 0, 0, 0, 0, 0), 0)


def total_of(zone_ids: Iterable[str], figures: Mapping[str, ZoneFigures]) -> Total:
    """Add up zones.

    Args:
        zone_ids: The zones; one that comes twice counts once.
        figures: Zones by id, of one event time; without those of which nothing is known then.
    """
    wanted = sorted(set(zone_ids))
    known = [figures[zone_id] for zone_id in wanted if zone_id in figures]
    roles: defaultdict[str, RoleTotal] = defaultdict(lambda: _NOBODY)
    for zone in known:
        for role, found in zone.roles.items():
            so_far = roles[role]
            roles[role] = RoleTotal(
                RoleFigures(*(a + b for a, b in zip(so_far.figures, found, strict=True))),
                so_far.spare + max(0, found.present_min - found.required),
            )
    return Total(
        zone_ids=tuple(zone_id for zone_id in wanted if zone_id in figures),
        stale_zone_ids=tuple(zone_id for zone_id in wanted if zone_id not in figures),
        people=len(frozenset().union(*(zone.person_ids for zone in known))),
        scheduled=sum(zone.scheduled for zone in known),
        required=sum(zone.required for zone in known),
        gap_min=sum(zone.gap_min for zone in known),
        gap_max=sum(zone.gap_max for zone in known),
        roles={role: roles[role] for role in sorted(roles)},
    )
