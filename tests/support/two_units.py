"""A ward of two units, east and west, with something of each, of both, and of neither."""

from typing import Any, Final

from runtime.facts.log import Fact
from workers.registry.change import Options, Stamp
from workers.registry.edit import change_of
from workers.registry.registered import Registered
from workers.registry.row import Row
from workers.registry.rows import ROWS

NOW_US: Final = 1_796_040_000_000_000
"""2026-11-30 in UTC, microseconds."""

STAMP: Final = Stamp(NOW_US, NOW_US, "test")

SQUARE: Final = [[0, 0], [400, 0], [400, 400], [0, 400]]
_FRAME: Final = {"width": 1280, "height": 720, "time_zone": "UTC"}
_EARLY: Final = {"starts": "2026-11-30T06:00Z", "ends": "2026-11-30T14:00Z"}
_LATE: Final = {"starts": "2026-11-30T14:00Z", "ends": "2026-11-30T22:00Z"}

ROWS_OF_TWO_UNITS: Final[dict[str, list[dict[str, Any]]]] = {
    "camera": [
        {"camera_id": "east-cam", **_FRAME},
        {"camera_id": "west-cam", **_FRAME},
        {"camera_id": "both-cam", **_FRAME},
    ],
    "zone": [
        {"zone_id": "east-1", "camera_id": "east-cam", "polygon": SQUARE},
        {"zone_id": "west-1", "camera_id": "west-cam", "polygon": SQUARE},
        {"zone_id": "east-2", "camera_id": "both-cam", "polygon": SQUARE},
        {"zone_id": "west-2", "camera_id": "both-cam", "polygon": SQUARE},
    ],
    "staff": [
        {"staff_id": f"{unit}-nurse", "role": "nurse"} for unit in ("east", "west", "both", "new")
    ],
    "shift": [
        {"shift_id": "s-east", "staff_id": "east-nurse", "zone_id": "east-1", **_EARLY},
        {"shift_id": "s-west", "staff_id": "west-nurse", "zone_id": "west-1", **_EARLY},
        {"shift_id": "s-both-e", "staff_id": "both-nurse", "zone_id": "east-1", **_EARLY},
        {"shift_id": "s-both-w", "staff_id": "both-nurse", "zone_id": "west-1", **_LATE},
    ],
    "requirement": [
        {"requirement_id": f"r-{unit}", "zone_id": f"{unit}-1", "role": "nurse", "count": 2}
        for unit in ("east", "west")
    ],
    "role": [{"role": "nurse", "covers": ["porter"]}, {"role": "porter"}],
    "census": [
        {"census_id": f"n-{unit}", "zone_id": f"{unit}-1", "people": 7, "starts": _EARLY["starts"]}
        for unit in ("east", "west")
    ],
    "rule": [
        {
            "rule_id": f"a-{unit}",
            "kind": "coverage-gap",
            "zone_ids": [f"{unit}-1"],
            "owner": "nurse",
            "next_action": "look",
        }
        for unit in ("east", "west")
    ],
    "unit": [
        {"unit_id": unit, "floor_ids": [f"{unit}-cam"], "zone_ids": [f"{unit}-2"]}
        for unit in ("east", "west")
    ],
}
"""Rows that register the ward, by kind."""


def rows_of(kind: str, *rows: dict[str, Any]) -> list[Row]:
    """Rows of a kind."""
    return [ROWS[kind].model_validate(row) for row in rows]


def two_units() -> Registered:
    """The ward, registered."""
    groups = [rows_of(kind, *rows) for kind, rows in ROWS_OF_TWO_UNITS.items()]
    return change_of(groups, Registered(), STAMP, Options()).after


def edit(ward: Registered, kind: str, row: dict[str, Any]) -> tuple[list[Fact], Registered]:
    """What a row would change, and the ward after it."""
    change = change_of([rows_of(kind, row)], ward, STAMP, Options())
    return change.facts, change.after
