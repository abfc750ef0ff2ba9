"""Evidence of who is who."""

from typing import TypedDict


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
