"""Facts as the rows that would make them: what the API shows, and takes back unchanged.

Times are ISO 8601 UTC where they are instants; a requirement's are local times of day, because it
holds on each of its weekdays whatever the offset then is.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from schemas.topics import (
    BADGES,
    CAMERAS,
    CENSUS,
    READERS,
    REQUIREMENTS,
    RULES,
    SHIFTS,
    ZONES,
    Topic,
)
from workers.registry.registered import STAMPS, kind_of
from workers.registry.rows import ROWS
from workers.registry.windows import text_of

_HIDDEN: Final = frozenset({*STAMPS, "partition", "space", "reason"})
"""Fields that no row has, and the reason, which a next version does not share."""


def form_of(topic: Topic, record: Mapping[str, Any]) -> dict[str, Any]:
    """The row, as JSON, that makes a fact with this content.

    Args:
        topic: Topic of the fact.
        record: The fact at one version.
    """
    form = {name: value for name, value in record.items() if name not in _HIDDEN}
    form |= _rule(record) if topic is RULES else {}
    if topic is CAMERAS:
        form["privacy_masks"] = [_points(mask) for mask in record["privacy_masks"]]
        form["sees"] = _points(record["sees"])
        form["mount"] = str(record["mount"]).lower()
    elif topic is ZONES:
        form["polygon"] = _points(record["polygon"])
        if record["camera_id"] is not None:
            form["floor_id"] = None  # that of its camera
    elif topic is SHIFTS:
        form["starts"] = iso(form.pop("starts_us"))
        form["ends"] = iso(form.pop("ends_us"))
        for name in ("staff_id", "role", "replaces"):
            form[name] = record[name] or None
        for name in ("kind", "status"):
            form[name] = str(record[name]).lower()
    elif topic is REQUIREMENTS:
        form["starts"] = _clock(form.pop("from_minute"))
        form["ends"] = _clock(form.pop("to_minute"))
        form["basis"] = _basis(record).lower()
        for name in ("per", "at_least"):
            form[name] = None if form["basis"] == "fixed" else record[name]
    elif topic is CENSUS:
        form["starts"] = iso(form.pop("starts_us"))
    elif topic is READERS:
        form["zone_id"] = record["zone_id"] or None
    elif topic is BADGES:
        for name, field in (("starts", "from_us"), ("ends", "until_us")):
            at_us = form.pop(field)
            form[name] = None if at_us is None else iso(at_us)
    order = list(ROWS[kind_of(topic)].model_fields)
    return dict(sorted(form.items(), key=lambda field: order.index(field[0])))


def iso(at_us: int) -> str:
    """A time in ISO 8601, UTC; with microseconds where it has them.

    >>> iso(1_764_486_000_000_000)
    '2025-11-30T07:00:00Z'
    """
    return (
        datetime.fromtimestamp(at_us // 1_000_000, UTC)
        .replace(microsecond=at_us % 1_000_000)
        .isoformat()
        .replace("+00:00", "Z")
    )


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a rule that its row writes in another form."""
    symbols = ("kind", "tier", "stage", "bound", "one_per")
    return {
        **{name: _lower(rule[name]) for name in symbols},
        "shift_statuses": [_lower(status) for status in rule["shift_statuses"]],
        "schedule": [text_of(window) for window in rule["schedule"]],
        "deduplication_key": rule["deduplication_key"] or None,
        "time_zone": rule["time_zone"] or None,
    }


def _lower(symbol: str) -> str:
    return str(symbol).lower().replace("_", "-")


def _basis(requirement: Mapping[str, Any]) -> str:
    """What a requirement relates to; what this release does not know is taken as a number."""
    basis = str(requirement["basis"])
    return "FIXED" if basis == "UNKNOWN" else basis


def _points(points: Any) -> list[list[float]]:
    return [[point["x"], point["y"]] for point in points]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
