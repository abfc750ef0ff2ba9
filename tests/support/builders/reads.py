"""Reads of badges with a plain value in every field."""

from typing import Any, cast

from schemas.records.evidence import BadgeRead
from tests.support.builders.domain import S


def badge_read(at_us: int, badge_id: str = "b1", **fields: Any) -> BadgeRead:
    """A read by a reader at the origin of `floor`, recorded when it was made."""
    return cast(
        "BadgeRead",
        {
            "reader_id": "door",
            "at_us": at_us,
            "recorded_at_us": at_us,
            "badge_id": badge_id,
            "staff_ids": ["ann"],
            "floor_id": "floor",
            "x_m": 0.0,
            "y_m": 0.0,
            "range_m": 1.5,
            "zone_id": "",
            "recorded_by": "",
            **fields,
        },
    )


def known_at_once(at_us: int, badge_id: str = "b1", **fields: Any) -> BadgeRead:
    """A read of recorded material: visible from its own time on."""
    return badge_read(at_us, badge_id, recorded_at_us=at_us - 5 * S, **fields)
