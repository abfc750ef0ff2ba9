"""Events in a zone, and its occupancy."""

from typing import Literal, TypedDict

from schemas.records.staffing import RoleCoverage

ZoneEventKind = Literal["UNKNOWN", "ENTERED", "LEFT", "DWELL_EXCEEDED", "WITHDRAWN"]


class ZoneEvent(TypedDict):
    """A person entered or left a zone, or stayed beyond its dwell limit."""

    zone_id: str
    seq: int
    at_us: int
    kind: ZoneEventKind
    person_id: str
    floor_id: str
    camera_id: str
    entered_us: int
    dwell_us: int | None
    as_of_us: int
    inputs_through_us: int
    corrects: int | None


OccupancyReason = Literal["UNKNOWN", "CHANGE", "PERIODIC"]


class ZoneOccupancy(TypedDict):
    """How many people are in a zone, against who is scheduled and required."""

    zone_id: str
    seq: int
    as_of_us: int
    inputs_through_us: int
    cameras_missing: list[str]
    floor_id: str
    reason: OccupancyReason
    people: int
    identified: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int
    roles: list[RoleCoverage]
    person_ids: list[str]
