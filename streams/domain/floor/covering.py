"""Coverage of a whole floor: who is in its zones against what these need together.

Somebody who counts in several zones counts once. What is required is the sum over the zones, and
who is scheduled in several counts once. Whoever is in no zone does not count: nobody watches there.
"""

from collections.abc import Mapping

from schemas.records.staffing import FloorCoverage
from streams.domain.facts.snapshot import Snapshot
from streams.domain.floor.state import FloorState
from streams.domain.settings import FloorSettings
from streams.domain.staffing.coverage import coverage
from streams.domain.staffing.open_gaps import IN_ALL, follow, open_since
from streams.domain.zones.occupancy import Watch


def watches_of(floor: FloorState, snapshot: Snapshot) -> dict[str, Watch]:
    """Who watches each zone of a floor in the last closed tick, by zone id."""
    return {
        zone_id: Watch(missing, is_watched, floor.looked)
        for zone_id, missing, is_watched in snapshot.watches(floor.floor_id, floor.missing)
    }


def cover_floor(
    floor: FloorState,
    at_us: int,
    watches: Mapping[str, Watch],
    snapshot: Snapshot,
    settings: FloorSettings,
) -> FloorCoverage | None:
    """Compare the people in the zones of a floor with what these need.

    Args:
        floor: The floor; its gaps go on.
        at_us: End of the tick, microseconds.
        watches: Who watches its zones, by id.
        snapshot: Facts in force.
        settings: Settings of the floor.

    Returns:
        None where nobody is required and nobody scheduled.
    """
    areas = snapshot.zones_of(floor.floor_id)
    plans = [snapshot.plan(area.zone_id, at_us, settings.census_max_age_us) for area in areas]
    if not settings.follows_gaps or not any(
        plan.required or plan.ratios or plan.scheduled_total for plan in plans
    ):
        floor.gaps = {}
        return None
    needs: list[tuple[tuple[str, int, int], ...]] = []
    present: dict[str, str] = {}
    is_watched = True
    for area, plan in zip(areas, plans, strict=True):
        stays = floor.zones[area.zone_id].stays
        here = {person_id: stay.role for person_id, stay in stays.items() if stay.counted}
        present.update(here)
        watch = watches[area.zone_id]
        is_watched = is_watched and watch.is_watched
        if plan.required or plan.ratios:
            # As the zone itself asks, so that it is found once.
            needs.append(coverage(list(here.values()), plan, is_watched=watch.is_watched).needs)
    whole = snapshot.plan_of_floor(floor.floor_id, at_us, tuple(needs))
    found = coverage(list(present.values()), whole, is_watched=is_watched)
    floor.gaps, roles = follow(floor.gaps, found, whole, at_us)
    possible_us, sure_us = open_since(floor.gaps.get(IN_ALL))
    return {
        "people": found.people,
        "identified": found.identified,
        "scheduled": found.scheduled,
        "required": found.required,
        "least_required": found.least_required,
        "gap_min": found.gap_min,
        "gap_max": found.gap_max,
        "possible_since_us": possible_us,
        "sure_since_us": sure_us,
        "is_watched": is_watched,
        "roles": roles,
    }


def figures_of(covered: FloorCoverage | None) -> list[int]:
    """What of it needs a record where nobody looks: all that a plan or a silent camera changes."""
    if covered is None:
        return []
    return [
        covered["scheduled"],
        covered["required"],
        covered["least_required"],
        covered["gap_min"],
        covered["gap_max"],
        int(covered["is_watched"]),
    ]
