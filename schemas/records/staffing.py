"""Staff, roles, shifts, requirements and census, and the coverage of a zone by role."""

from typing import Literal, TypedDict


class Substitute(TypedDict):
    """People of another role who fill places of a role."""

    role: str
    people: int


class RoleCoverage(TypedDict):
    """Coverage of one role in a zone or on a floor."""

    role: str
    present_min: int
    present_max: int
    scheduled: int
    required: int
    gap_min: int
    gap_max: int
    least_required: int | None
    standing_in: list[Substitute]
    possible_since_us: int | None
    sure_since_us: int | None


class FloorCoverage(TypedDict):
    """People in the zones of a floor against what these need together."""

    people: int
    identified: int
    scheduled: int
    required: int
    least_required: int
    gap_min: int
    gap_max: int
    possible_since_us: int | None
    sure_since_us: int | None
    is_watched: bool
    roles: list[RoleCoverage]


class Staff(TypedDict):
    """A member of staff at one version, by pseudonym."""

    staff_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    role: str


ShiftKind = Literal["UNKNOWN", "WORK", "ON_CALL", "BREAK"]
ShiftStatus = Literal["UNKNOWN", "PLANNED", "CANCELLED"]


class Shift(TypedDict):
    """A shift at one version."""

    shift_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    staff_id: str
    zone_id: str
    role: str
    starts_us: int
    ends_us: int
    time_zone: str
    kind: ShiftKind
    status: ShiftStatus
    replaces: str
    agency: str


class Role(TypedDict):
    """A role at one version."""

    role: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    covers: list[str]
    priority: int | None
    is_staff: bool


class CensusCount(TypedDict):
    """How many people there are to care for in a zone from a time on, at one version."""

    census_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    zone_id: str
    people: int
    starts_us: int
    time_zone: str


RequirementBasis = Literal["UNKNOWN", "FIXED", "CENSUS", "PRESENT"]


class Requirement(TypedDict):
    """How many of a role a zone needs, and when: a number, or a ratio to people."""

    requirement_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    zone_id: str
    role: str
    count: int
    weekdays: list[int]
    from_minute: int
    to_minute: int
    time_zone: str
    basis: RequirementBasis
    per: int
    at_least: int
