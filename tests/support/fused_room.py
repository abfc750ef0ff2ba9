"""The room of four cameras as the stream sees it: registry records and detection outcomes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from schemas.records.frames import DetectionOutcome
from streams.domain.facts.timeline import Facts
from tests.support.builders.domain import T0, S, camera, outcome, rectangle, topic_of, zone
from tests.support.camera_room import HEIGHT, WIDTH, cameras, seen, walk

ROOM = "room"
PERIOD_US = 100_000


def room_cameras(count: int = 4) -> list[dict[str, Any]]:
    """The first cameras of the room, calibrated."""
    return [
        camera(
            one.camera_id,
            ROOM,
            width=WIDTH,
            height=HEIGHT,
            projection=one.projection.ravel().tolist(),
        )
        for one in cameras()[:count]
    ]


def left_half() -> dict[str, Any]:
    return zone("left", floor_id=ROOM, camera_id="", space="FLOOR_M", polygon=rectangle(0, 0, 4, 6))


def whole_room() -> dict[str, Any]:
    return zone(
        "whole", floor_id=ROOM, camera_id="", space="FLOOR_M", polygon=rectangle(0, 0, 8, 6)
    )


def room_facts(*records: Any) -> Facts:
    facts = Facts()
    for record in records:
        facts.add(topic_of(record), record)
    return facts


def room_outcomes(
    seconds: float,
    count: int = 4,
    *,
    from_s: float = 0.0,
    late_us: Sequence[int] = (0, 0, 0, 0),
    period_us: int = PERIOD_US,
) -> Iterator[DetectionOutcome]:
    """What the cameras detect of three people who walk about.

    Args:
        seconds: For how long.
        count: Number of cameras.
        from_s: When it begins.
        late_us: How much later than the first each camera looks, microseconds.
        period_us: From a camera's look to its next, microseconds.
    """
    for step in range(round(seconds * S / period_us)):
        for slot in range(count):
            at_us = round(from_s * S) + step * period_us + late_us[slot]
            [frame] = [
                one for one in seen(walk(at_us / S), cameras()[:count]) if one.camera == slot
            ]
            boxes = [
                {
                    "x_min": x_min, "y_min": y_min, "x_max": x_max, "y_max": y_max,
                    "score": 0.9, "raw_score": 0.9, "label": "person",
                }
                for x_min, y_min, x_max, y_max in frame.boxes.tolist()
            ]  # fmt: skip
            record: Any = outcome(T0 + at_us, boxes, camera_id=f"corner-{slot}")  # type: ignore[arg-type]
            record |= {"width": WIDTH, "height": HEIGHT}
            yield record


def in_order(outcomes: Iterable[DetectionOutcome]) -> list[DetectionOutcome]:
    return sorted(outcomes, key=lambda one: (one["captured_us"], one["camera_id"]))
