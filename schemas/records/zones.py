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


CountSource = Literal["UNKNOWN", "HEADS", "FLOW", "BADGES"]


class SourceCount(TypedDict):
    """How many people are in a zone by one way of counting."""

    source: CountSource
    low: int
    high: int | None
    is_apart: bool


class ZoneCount(TypedDict):
    """How many people are in a zone by all ways of counting together."""

    low: int
    high: int | None
    disagreement: int
    sources: list[SourceCount]


class ZoneCensus(TypedDict):
    """The newest census of a zone, to which requirements relate."""

    people: int | None
    from_us: int | None
    is_believed: bool


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
    least_required: int | None
    possible_since_us: int | None
    sure_since_us: int | None
    is_watched: bool
    count: ZoneCount | None
    census: ZoneCensus | None
    longest_since_us: int | None
