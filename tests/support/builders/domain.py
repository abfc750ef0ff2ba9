"""Records with a plain value in every field; a test gives only the fields that matter to it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from schemas.records.frames import Detection, DetectionOutcome
from schemas.records.presence import Link, Presence
from schemas.records.zones import ZoneEvent, ZoneOccupancy
from streams.domain.facts.timeline import Facts
from streams.domain.pipeline import Output, PartitionPipeline

T0 = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, microseconds: a Thursday."""

S = 1_000_000
MS = 1_000


def versioned(**fields: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "valid_from_us": 0,
        "recorded_at_us": 0,
        "removed": False,
        "recorded_by": "",
        **fields,
    }


def camera(camera_id: str = "cam", floor_id: str = "floor", **fields: Any) -> dict[str, Any]:
    return versioned(
        camera_id=camera_id,
        floor_id=floor_id,
        **{
            "name": "",
            "width": 800,
            "height": 600,
            "privacy_masks": [],
            "homography": None,
            "mount": "FIXED",
            "projection": None,
            "lens": None,
            "location": None,
            "field_of_view_deg": None,
            "sees": [],
            "reason": "",
            **fields,
        },
    )


def rectangle(x_min: float, y_min: float, x_max: float, y_max: float) -> list[dict[str, float]]:
    return [
        {"x": x_min, "y": y_min},
        {"x": x_max, "y": y_min},
        {"x": x_max, "y": y_max},
        {"x": x_min, "y": y_max},
    ]


def zone(zone_id: str = "zone", **fields: Any) -> dict[str, Any]:
    """The left half of the frame of camera `cam`."""
    return versioned(
        zone_id=zone_id,
        **{
            "floor_id": "floor",
            "camera_id": "cam",
            "name": "",
            "space": "IMAGE_PX",
            "polygon": rectangle(0, 0, 400, 600),
            "enter_after_ms": 500,
            "leave_after_ms": 1500,
            "dwell_limit_s": None,
            "order": 0,
            **fields,
        },
    )


def shift(shift_id: str = "shift", **fields: Any) -> Any:
    return versioned(
        shift_id=shift_id,
        **{
            "staff_id": "s1",
            "zone_id": "zone",
            "role": "",
            "starts_us": T0,
            "ends_us": T0 + 8 * 3600 * S,
            "time_zone": "UTC",
            "kind": "WORK",
            "status": "PLANNED",
            "replaces": "",
            "agency": "",
            **fields,
        },
    )


def staff(staff_id: str = "s1", role: str = "nurse", **fields: Any) -> Any:
    return versioned(staff_id=staff_id, role=role, **fields)


def requirement(requirement_id: str = "req", **fields: Any) -> Any:
    return versioned(
        requirement_id=requirement_id,
        **{
            "zone_id": "zone",
            "role": "nurse",
            "count": 1,
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "from_minute": 0,
            "to_minute": 0,
            "time_zone": "UTC",
            "basis": "FIXED",
            "per": 0,
            "at_least": 0,
            **fields,
        },
    )


def role(
    name: str,
    *covers: str,
    priority: int | None = None,
    is_staff: bool = True,
    **fields: Any,
) -> Any:
    return versioned(role=name, covers=[*covers], priority=priority, is_staff=is_staff, **fields)


def census(people: int, starts_us: int = T0, census_id: str = "count", **fields: Any) -> Any:
    return versioned(
        census_id=census_id,
        **{
            "zone_id": "zone",
            "people": people,
            "starts_us": starts_us,
            "time_zone": "UTC",
            **fields,
        },
    )


def clock(camera_id: str = "cam", **fields: Any) -> Any:
    """What was decided about a camera's clock; settled and right unless said otherwise."""
    return versioned(
        camera_id=camera_id,
        **{
            "epoch": 1,
            "state": "SETTLED",
            "offset_us": 0,
            "drift_ppm": 0.0,
            "reference_us": T0,
            "delay_us": 0,
            "jitter_us": 0,
            "jump_us": 0,
            "since_us": T0,
            "observed_until_us": T0,
            **fields,
        },
    )


def view(camera_id: str = "cam", state: str = "SUSPECT", **fields: Any) -> Any:
    """What was decided about a camera's view."""
    return versioned(
        camera_id=camera_id,
        state=state,
        **{"reason": "MOVED", "since_us": T0, "camera_version": 0, **fields},
    )


def topic_of(record: Mapping[str, Any]) -> str:
    """The side-input topic of a record, by the first field that only its kind has."""
    signs = {
        "drift_ppm": "camera-clock.v1",
        "since_us": "camera-views.v1",
        "passages": "floors.v1",
        "covers": "roles.v1",
        "census_id": "census.v1",
        "rule_id": "rules.v1",
        "shift_id": "shifts.v1",
        "requirement_id": "requirements.v1",
        "zone_id": "zones.v1",
        "camera_id": "cameras.v1",
    }
    return next((signs[name] for name in signs if name in record), "staff.v1")


def facts_of(*records: Mapping[str, Any]) -> Facts:
    facts = Facts()
    for record in records:
        facts.add(topic_of(record), record)
    return facts


def box(
    foot_x: float, foot_y: float, score: float = 0.9, width: float = 40, height: float = 100
) -> Detection:
    """A person whose feet are at a point."""
    return {
        "x_min": foot_x - width / 2,
        "y_min": foot_y - height,
        "x_max": foot_x + width / 2,
        "y_max": foot_y,
        "score": score,
        "label": "person",
        "raw_score": score,
    }


def outcome(
    at_us: int,
    detections: Sequence[Detection] = (),
    *,
    camera_id: str = "cam",
    kind: str = "DETECTED",
) -> DetectionOutcome:
    return cast(
        "DetectionOutcome",
        {
            "camera_id": camera_id,
            "captured_us": at_us,
            "frame_seq": (at_us - T0) // 1000,
            "outcome": kind,
            "reason": "",
            "detections": list(detections),
            "model": {"name": "test", "version": "1"} if kind == "DETECTED" else None,
            "width": 800,
            "height": 600,
            "camera_version": 1,
            "preprocessing_version": "1",
            "frame_partition": 0,
            "frame_offset": 0,
            "frame_sha256": "",
            "received_us": 0,
            "inferred_us": 0,
            "source_clock_us": None,
        },
    )


def heartbeat(at_us: int, camera_id: str = "cam") -> DetectionOutcome:
    return outcome(at_us, camera_id=camera_id, kind="HEARTBEAT")


def fold(
    pipeline: PartitionPipeline, facts: Facts, outcomes: Sequence[DetectionOutcome]
) -> list[Output]:
    return [output for one in outcomes for output in pipeline.advance(one, facts)]


def of_topic(outputs: Sequence[Output], name: str) -> list[Any]:
    return [output.record for output in outputs if output.topic.name == name]


def presences(outputs: Sequence[Output]) -> list[Presence]:
    return of_topic(outputs, "presence.updated.v1")


def links(outputs: Sequence[Output]) -> list[Link]:
    return of_topic(outputs, "links.observed.v1")


def zone_events(outputs: Sequence[Output]) -> list[ZoneEvent]:
    return of_topic(outputs, "zone-events.observed.v1")


def occupancies(outputs: Sequence[Output]) -> list[ZoneOccupancy]:
    return of_topic(outputs, "zone-occupancy.measured.v1")
