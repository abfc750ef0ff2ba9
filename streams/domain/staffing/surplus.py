"""Where staff can be spared nearest to a gap.

Near is by walking: in the unit itself, then in the units next to it, and so on. Where no way is
registered, a unit of the same department comes before one of the same site.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from streams.domain.staffing.totals import Total


class UnitLocation(NamedTuple):
    """Where a unit is.

    Attributes:
        site: Its site; empty when not registered.
        department: Its department; empty when not registered.
        neighbour_ids: Units that one walks to without passing another.
    """

    site: str
    department: str
    neighbour_ids: tuple[str, ...]


class Surplus(NamedTuple):
    """Staff of a role who can be spared.

    Attributes:
        role: The role.
        unit_id: Unit in which they are.
        spare: Number of people.
        steps: Units that one enters on the way there: 0 in the unit itself, 1 next door; None
            where no way is registered.
    """

    role: str
    unit_id: str
    spare: int
    steps: int | None


_NO_WAY: Final = 1 << 30
"""Farther than any unit to which a way is registered."""


def steps_from(unit_id: str, locations: Mapping[str, UnitLocation]) -> dict[str, int]:
    """Least number of units that one enters on the way from a unit, for each within reach.

    A way that is registered at one end only can be walked in both directions.

    Args:
        unit_id: Where the ways begin.
        locations: Units by id; neighbours that are not among them are no way.
    """
    near: defaultdict[str, set[str]] = defaultdict(set)
    for one, location in locations.items():
        for other in location.neighbour_ids:
            if other in locations:
                near[one].add(other)
                near[other].add(one)
    steps, open_units = {unit_id: 0}, deque([unit_id])
    while open_units:
        here = open_units.popleft()
        for there in near[here]:
            if there not in steps:
                steps[there] = steps[here] + 1
                open_units.append(there)
    return steps


def nearest_surplus(
    unit_id: str,
    roles: Iterable[str],
    locations: Mapping[str, UnitLocation],
    totals: Mapping[str, Total],
) -> list[Surplus]:
    """The nearest surplus for each role of a unit.

    Of other units, only who is left once their own gaps of that role are filled can be spared. A
    unit of another site counts where a way is registered.

    Args:
        unit_id: The unit with the gaps.
        roles: Roles that are missing there.
        locations: Every unit, by id.
        totals: Totals of the units, by id, of one event time.

    Returns:
        One for each role that somebody can spare, in order of the roles. Of units that are equally
        near, the one that can spare most, then the first by id.
    """
    steps = steps_from(unit_id, locations)
    home = locations[unit_id]

    def distance(other: str) -> tuple[int, bool]:
        return steps.get(other, _NO_WAY), locations[other].department != home.department

    near = {other for other in locations if other in steps or locations[other].site == home.site}
    found = []
    for role in sorted(set(roles)):
        spared = {other: _spare(totals.get(other), role, other == unit_id) for other in near}
        best = min(
            (other for other in near if spared[other]),
            key=lambda other: (distance(other), -spared[other], other),
            default=None,
        )
        if best is not None:
            found.append(Surplus(role, best, spared[best], steps.get(best)))
    return found


def _spare(total: Total | None, role: str, at_home: bool) -> int:
    found = total.roles.get(role) if total is not None else None
    if found is None:
        return 0
    return found.spare if at_home else max(0, found.spare - found.figures.gap_max)
