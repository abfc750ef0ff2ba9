"""Occupancy: how many people are in a zone, against its plan; sent on change and periodically."""

from collections.abc import Sequence
from typing import Final

from schemas.records.zones import OccupancyReason, ZoneOccupancy
from schemas.topics import OCCUPANCY
from streams.domain.staffing.coverage import Plan, coverage
from streams.domain.zones.membership import ZoneState
from streams.domain.zones.stay_ids import stay_ids

_CONTENT: Final = (
    "person_ids",
    "cameras_missing",
    "people",
    "identified",
    "scheduled",
    "required",
    "gap_min",
    "gap_max",
    "roles",
    "floor_id",
)
"""Fields whose change needs a record; the others say when and why it was sent."""


def measure(
    zone: ZoneState,
    *,
    zone_id: str,
    floor_id: str,
    plan: Plan,
    cameras_missing: Sequence[str],
    as_of_us: int,
    inputs_through_us: int,
    periodic: bool,
    role_only: bool = False,
) -> ZoneOccupancy | None:
    """Measure a zone's occupancy at the end of a tick.

    Args:
        zone: State of the zone; `shown` and `seqs` change when there is a record to send.
        zone_id: Id of the zone.
        floor_id: Floor of the zone.
        plan: Plan of the zone at `as_of_us`.
        cameras_missing: Cameras of the zone that are behind, sorted.
        as_of_us: End of the tick, microseconds.
        inputs_through_us: Event time up to which every reporting camera's input is in,
            microseconds.
        periodic: True when a record is due even without a change.
        role_only: True when people have the ids of their stays, not their own.

    Returns:
        The record to send, or None.
    """
    person_ids = sorted(person_id for person_id, stay in zone.stays.items() if stay.counted)
    found = coverage([zone.stays[person_id].role for person_id in person_ids], plan)
    if role_only:
        person_ids = stay_ids(zone_id, [zone.stays[person_id] for person_id in person_ids])
    reason: OccupancyReason = "CHANGE"
    record: ZoneOccupancy = {
        "zone_id": zone_id,
        "seq": zone.seqs[OCCUPANCY.name] + 1,
        "as_of_us": as_of_us,
        "inputs_through_us": inputs_through_us,
        "cameras_missing": list(cameras_missing),
        "floor_id": floor_id,
        "reason": reason,
        "people": found.people,
        "identified": found.identified,
        "scheduled": found.scheduled,
        "required": found.required,
        "gap_min": found.gap_min,
        "gap_max": found.gap_max,
        "roles": found.roles,
        "person_ids": person_ids,
    }
    if zone.shown is not None and _same(zone.shown, record):
        if not periodic:
            return None
        record["reason"] = "PERIODIC"
    zone.seqs[OCCUPANCY.name] += 1
    zone.shown = record
    return record


def _same(shown: ZoneOccupancy, record: ZoneOccupancy) -> bool:
    return all(shown[name] == record[name] for name in _CONTENT)
