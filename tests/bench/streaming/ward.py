"""Wards for load. The one here: floors of ten cameras, ten walkers each, zones, roster, demand."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import numpy as np

from runtime.facts.log import Fact
from runtime.process.settings import Settings
from schemas.records.frames import Detection, DetectionOutcome
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from workers.registry.coverage_rows import RequirementRow
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.row import Row
from workers.registry.rows import CameraRow, ShiftRow, StaffRow, ZoneRow

WIDTH, HEIGHT = 1280, 720
FRAME_US = 100_000
CAMERAS_PER_FLOOR = 10
PEOPLE = 10
CORRIDORS = 4
METRES_PER_PX = 0.01
MISSED = 0.04
"""Share of people whom the detector does not find in a frame."""

LONG_AGO_US = 1_700_000_000_000_000

BAY: dict[str, Any] = {"enter_after_ms": 500, "leave_after_ms": 1500, "dwell_limit_s": 600}
"""Times of a zone in a camera's image."""


class Ward(Protocol):
    """Floors with as many cameras each, and what their detector finds.

    Attributes:
        camera_ids: Names of the cameras, floor by floor.
        cameras_per_floor: How many a floor has.
    """

    @property
    def camera_ids(self) -> Sequence[str]: ...

    @property
    def cameras_per_floor(self) -> int: ...

    def register(self, settings: Settings, at_us: int) -> dict[str, int]:
        """Register cameras, zones, staff, shifts and requirements; gives each floor's partition.

        Args:
            settings: Where broker and registry are.
            at_us: Event time around which the shifts lie, UTC microseconds.
        """

    def log(self, frames: int, start_us: int) -> Iterator[tuple[int, DetectionOutcome]]:
        """Outcomes of all cameras, frame by frame: the camera's number and the outcome."""


class Corridors:
    """Floors of ten cameras that are not fused.

    Every camera looks at 12.8 m x 7.2 m of its floor and has one zone in its image; four zones
    in metres lie across the whole floor. Each zone needs two nurses and has one on shift.

    Args:
        cameras: How many, ten to a floor.
    """

    cameras_per_floor = CAMERAS_PER_FLOOR

    def __init__(self, cameras: int) -> None:
        self.camera_ids = [f"cam-{number:03d}" for number in range(cameras)]

    def register(self, settings: Settings, at_us: int) -> dict[str, int]:
        """Register all; see `Ward`."""
        names = self.camera_ids
        zones = [
            ZoneRow(
                zone_id=f"{name}-bay",
                camera_id=name,
                polygon=[(100, 200), (1100, 240), (1180, 700), (80, 660)],
                **BAY,
            )
            for name in names
        ]
        length_m = CAMERAS_PER_FLOOR * WIDTH * METRES_PER_PX
        for floor_id in sorted({floor_of(self, number) for number in range(len(names))}):
            for part in range(CORRIDORS):
                start_m, end_m = (length_m * edge / CORRIDORS for edge in (part, part + 1))
                zones.append(
                    ZoneRow(
                        zone_id=f"{floor_id}-corridor-{part}",
                        floor_id=floor_id,
                        polygon=[(start_m, 2.0), (end_m, 2.5), (end_m, 6.0), (start_m, 5.5)],
                    )
                )
        cameras = [_camera(self, number) for number in range(len(names))]
        return register(settings, cameras, zones, at_us)

    def log(self, frames: int, start_us: int) -> Iterator[tuple[int, DetectionOutcome]]:
        """Outcomes of all cameras; see `Ward`."""
        people = [walks(number, frames) for number in range(len(self.camera_ids))]
        for frame in range(frames):
            for number, name in enumerate(self.camera_ids):
                at_us = captured_us(number, frame, start_us)
                yield number, outcome(name, frame, at_us, next(people[number]))


def floor_of(ward: Ward, number: int) -> str:
    """Floor of a camera, by its number."""
    return f"floor-{number // ward.cameras_per_floor:02d}"


def register(
    settings: Settings,
    cameras: Sequence[CameraRow],
    zones: Sequence[ZoneRow],
    at_us: int,
    staff: Sequence[str] = (),
) -> dict[str, int]:
    """Register cameras and zones, and for each zone a nurse on shift and the need of two.

    Args:
        settings: Where broker and registry are.
        cameras: Cameras.
        zones: Zones.
        at_us: Event time around which the shifts lie, UTC microseconds.
        staff: Nurses besides them; whoever has a shift may be among them.

    Returns:
        Partition of each floor.
    """
    registered = Registered()
    stamp = Stamp(LONG_AGO_US, LONG_AGO_US, "bench")
    facts: list[Fact] = []

    def add(rows: list[Row]) -> None:
        new = edits(rows, registered, stamp)
        registered.add(new)
        facts.extend(new)

    add(list(cameras))
    add(list(zones))
    nurses = dict.fromkeys([*(f"nurse-{zone.zone_id}" for zone in zones), *staff])
    add([StaffRow(staff_id=one, role="nurse") for one in nurses])
    add([_shift(zone.zone_id, at_us) for zone in zones])
    add(
        [
            RequirementRow(
                requirement_id=f"need-{zone.zone_id}", zone_id=zone.zone_id, role="nurse", count=2
            )
            for zone in zones
        ]
    )
    publish_facts(cluster_of(settings), facts)
    return {
        record["floor_id"]: record["partition"] for topic, record in facts if "partition" in record
    }


def _camera(ward: Corridors, number: int) -> CameraRow:
    left_m = (number % CAMERAS_PER_FLOOR) * WIDTH * METRES_PER_PX
    return CameraRow(
        camera_id=ward.camera_ids[number],
        floor_id=floor_of(ward, number),
        width=WIDTH,
        height=HEIGHT,
        homography=[METRES_PER_PX, 0.0, left_m, 0.0, METRES_PER_PX, 0.0, 0.0, 0.00001, 1.0],
    )


def _shift(zone_id: str, at_us: int) -> ShiftRow:
    at = datetime.fromtimestamp(at_us / 1e6, UTC)
    return ShiftRow(
        shift_id=f"shift-{zone_id}",
        staff_id=f"nurse-{zone_id}",
        zone_id=zone_id,
        starts=at - timedelta(hours=12),
        ends=at + timedelta(hours=12),
    )


def captured_us(number: int, frame: int, start_us: int) -> int:
    """Event time of a camera's frame: cameras are not in step with each other."""
    return start_us + frame * FRAME_US + number * 7_919 % FRAME_US


def walks(number: int, frames: int, seed: int = 1) -> Iterator[list[Detection]]:
    """The detections of one camera, frame by frame: ten people who walk to and fro."""
    chance = np.random.default_rng([seed, number])
    start = chance.uniform((60, 260), (WIDTH - 60, HEIGHT - 10), (PEOPLE, 2))
    speed = chance.uniform(-120, 120, PEOPLE)
    span = WIDTH - 120.0
    for frame in range(frames):
        along = (start[:, 0] - 60 + speed * frame * FRAME_US / 1e6) % (2 * span)
        x = 60 + np.where(along < span, along, 2 * span - along)
        noise = chance.normal(0.0, 1.5, (PEOPLE, 4))
        tall = 60 + start[:, 1] / 5
        edges = np.stack([x - tall / 5, start[:, 1] - tall, x + tall / 5, start[:, 1]], axis=1)
        boxes = (edges + noise).round(2).tolist()
        scores = chance.uniform(0.62, 0.97, PEOPLE).round(3).tolist()
        found = (chance.random(PEOPLE) >= MISSED).tolist()
        yield [
            {
                "x_min": a,
                "y_min": b,
                "x_max": c,
                "y_max": d,
                "score": score,
                "label": "person",
                "raw_score": score,
            }
            for (a, b, c, d), score, seen in zip(boxes, scores, found, strict=True)
            if seen
        ]


def outcome(
    name: str,
    frame: int,
    at_us: int,
    detections: list[Detection],
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> DetectionOutcome:
    """One detection outcome as inference writes it."""
    return {
        "camera_id": name,
        "captured_us": at_us,
        "frame_seq": frame + 1,
        "outcome": "DETECTED",
        "reason": "",
        "detections": detections,
        "model": {
            "name": "yolox_nano",
            "version": "1",
            "weights_sha256": "0" * 64,
            "runtime": "openvino 2026.4",
            "input_width": 416,
            "input_height": 416,
            "score_threshold": 0.1,
            "nms_iou": 0.65,
            "score_map_sha256": "0" * 64,
        },
        "width": size[0],
        "height": size[1],
        "camera_version": 1,
        "preprocessing_version": "1",
        "frame_partition": 0,
        "frame_offset": frame,
        "frame_sha256": "0" * 64,
        "received_us": at_us + 20_000,
        "inferred_us": at_us + 60_000,
        "source_clock_us": None,
    }
