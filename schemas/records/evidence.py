"""Evidence of who is who."""

from typing import TypedDict


class BadgeReader(TypedDict):
    """A reader of badges at one version."""

    reader_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    name: str
    floor_id: str
    x_m: float | None
    y_m: float | None
    range_m: float | None
    zone_id: str


class Badge(TypedDict):
    """A badge at one version."""

    badge_id: str
    version: int
    valid_from_us: int
    recorded_at_us: int
    removed: bool
    recorded_by: str
    staff_ids: list[str]
    from_us: int | None
    until_us: int | None


class BadgeRead(TypedDict):
    """A reader read a badge."""

    reader_id: str
    at_us: int
    recorded_at_us: int
    badge_id: str
    staff_ids: list[str]
    floor_id: str
    x_m: float | None
    y_m: float | None
    range_m: float | None
    zone_id: str
    recorded_by: str
