"""Occupancy: how many people are in a zone, against its plan; sent on change and periodically."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from schemas.records.staffing import RoleCoverage
from schemas.records.zones import OccupancyReason, ZoneCensus, ZoneCount, ZoneOccupancy
from schemas.topics import OCCUPANCY
from streams.domain.staffing.coverage import Coverage, Plan, coverage
from streams.domain.staffing.open_gaps import IN_ALL, follow, open_since
from streams.domain.zones.counting import Flow, count_people, follow_crossings, follow_flow
from streams.domain.zones.membership import ZoneState


class Watch(NamedTuple):
    """Who watches a zone at a tick.

    Attributes:
        cameras_missing: Cameras of the zone that are behind, sorted.
        is_watched: Whether the cameras that report see it.
        looked: Event time of the last look of each camera, microseconds.
    """

    cameras_missing: Sequence[str]
    is_watched: bool
    looked: Mapping[str, int]


class Found(NamedTuple):
    """What is found of a zone at a tick.

    Attributes:
        person_ids: Who is in it, sorted.
        coverage: How they compare with its plan.
        roles: Coverage by role, with the gaps that are open.
        counted: How many there are by all ways of counting; None where that is not asked for.
        census: The census to which requirements relate; None where none does.
        longest_since_us: When the longest of their stays began, microseconds; None where nobody is
            there or that is not asked for.
    """

    person_ids: list[str]
    coverage: Coverage
    roles: list[RoleCoverage]
    counted: ZoneCount | None
    census: ZoneCensus | None = None
    longest_since_us: int | None = None


def find(
    zone: ZoneState,
    plan: Plan,
    watch: Watch,
    badges: tuple[int, int] | None,
    at_us: int,
    *,
    follows_gaps: bool,
    widens_flow: bool = True,
    finds_longest: bool = True,
) -> Found:
    """Compare who is in a zone with its plan and with other counts.

    Args:
        zone: State of the zone; its gaps and its flow go on.
        plan: Plan of the zone at that time.
        watch: Who watches it.
        badges: Badges in it, and how many of them are doubted; None where no badge is read.
        at_us: End of the tick, microseconds.
        follows_gaps: False gives what releases without any of this gave.
        widens_flow: Whether the flow allows for who appeared and who was lost.
        finds_longest: Whether to find when the longest stay began.
    """
    stays = zone.stays
    person_ids = sorted([person_id for person_id, stay in stays.items() if stay.counted])
    present = [stays[person_id].role for person_id in person_ids]
    if not follows_gaps:
        found = coverage(present, _minima(plan))
        bare: Any = {"least_required": None}
        roles: Any = [{**role, **bare} for role in found.roles]
        return Found(person_ids, found._replace(least_required=-1), roles, None)
    found = coverage(present, plan, is_watched=watch.is_watched)
    zone.gaps, followed = follow(zone.gaps, found, plan, at_us)
    hidden = 0
    for person_id in person_ids:
        stay = stays[person_id]
        hidden += watch.looked.get(stay.camera_id, 0) > stay.inside_us
    heads = len(person_ids)
    zone.flow = _follow(zone, heads, hidden, at_us, watch.is_watched, widens_flow=widens_flow)
    count = count_people(
        zone.flow._replace(apart_us=0) if zone.flow.apart_us else zone.flow,
        heads,
        hidden,
        badges,
        is_watched=watch.is_watched,
        widens_flow=widens_flow,
    )
    longest_us = None
    if finds_longest and person_ids:
        longest_us = min([stays[person_id].entered_us for person_id in person_ids])
    return Found(person_ids, found, followed, count, census_of(plan), longest_us)


def _follow(
    zone: ZoneState, heads: int, hidden: int, at_us: int, is_watched: bool, *, widens_flow: bool
) -> Flow:
    """The flow of a zone at the end of a tick; who was lost before it began is not lost in it."""
    if not widens_flow:
        return follow_crossings(zone.flow, heads, hidden, at_us, is_watched=is_watched)
    unsure = hidden + len(zone.stays) - heads
    flow = follow_flow(zone.flow, heads, unsure, at_us, is_watched=is_watched)
    if zone.lost and flow.is_new:
        zone.lost = dict.fromkeys(zone.lost, False)
    return flow


def census_of(plan: Plan) -> ZoneCensus | None:
    """The census to which a ratio relates, and whether it is believed."""
    if not plan.ratios or all(ratio.basis != "CENSUS" for ratio in plan.ratios):
        return None
    if plan.census is None:
        return {"people": None, "from_us": None, "is_believed": False}
    people, from_us, is_old = plan.census
    return {"people": people, "from_us": from_us, "is_believed": not is_old}


def _minima(plan: Plan) -> Plan:
    if plan.ratios or plan.covers:
        return replace(plan, ratios=(), covers={}, found={}, steady=[])
    return plan


def measure(
    zone: ZoneState,
    found: Found,
    watch: Watch,
    *,
    zone_id: str,
    floor_id: str,
    as_of_us: int,
    inputs_through_us: int,
    periodic: bool,
) -> ZoneOccupancy | None:
    """Measure a zone's occupancy at the end of a tick.

    Args:
        zone: State of the zone; `shown` and `seqs` change when there is a record to send.
        found: What was found of it at this tick.
        watch: Who watches it.
        zone_id: Id of the zone.
        floor_id: Floor of the zone.
        as_of_us: End of the tick, microseconds.
        inputs_through_us: Event time up to which every reporting camera's input is in,
            microseconds.
        periodic: True when a record is due even without a change.

    Returns:
        The record to send, or None.
    """
    reason: OccupancyReason = "CHANGE"
    if zone.shown is not None and _same(zone.shown, found, watch, floor_id):
        if not periodic:
            return None
        reason = "PERIODIC"
    covered = found.coverage
    possible_us, sure_us = open_since(zone.gaps.get(IN_ALL))
    zone.seqs[OCCUPANCY.name] += 1
    zone.shown = {
        "zone_id": zone_id,
        "seq": zone.seqs[OCCUPANCY.name],
        "as_of_us": as_of_us,
        "inputs_through_us": inputs_through_us,
        "cameras_missing": list(watch.cameras_missing),
        "floor_id": floor_id,
        "reason": reason,
        "people": covered.people,
        "identified": covered.identified,
        "scheduled": covered.scheduled,
        "required": covered.required,
        "gap_min": covered.gap_min,
        "gap_max": covered.gap_max,
        "roles": found.roles,
        "person_ids": found.person_ids,
        "least_required": None if covered.least_required < 0 else covered.least_required,
        "possible_since_us": possible_us,
        "sure_since_us": sure_us,
        "is_watched": watch.is_watched or found.counted is None,
        "count": found.counted,
        "census": found.census,
        "longest_since_us": found.longest_since_us,
    }
    return zone.shown


def _same(shown: ZoneOccupancy, found: Found, watch: Watch, floor_id: str) -> bool:
    """Whether a zone is as it was shown; of counts, only how far apart they are needs a record."""
    covered, count, before = found.coverage, found.counted, shown["count"]
    return (
        shown["person_ids"] == found.person_ids
        and shown["roles"] == found.roles
        and shown["cameras_missing"] == watch.cameras_missing
        and shown["people"] == covered.people
        and shown["identified"] == covered.identified
        and shown["scheduled"] == covered.scheduled
        and shown["required"] == covered.required
        and shown["gap_min"] == covered.gap_min
        and shown["gap_max"] == covered.gap_max
        and shown["floor_id"] == floor_id
        and shown["census"] == found.census
        and shown["longest_since_us"] == found.longest_since_us
        and (
            count is None
            if before is None
            else count is not None
            and before["disagreement"] == count["disagreement"]
            and shown["is_watched"] == watch.is_watched
            and shown["least_required"] == covered.least_required
        )
    )
