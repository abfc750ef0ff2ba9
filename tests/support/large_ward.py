"""The ward of an attack: floors with several calibrated cameras each, and a roster.

The cameras of every second floor look across one room, so that its people are fused. Those of the
others see the floor from above, which shows nothing but a map of it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from runtime.facts.log import Fact
from runtime.process.settings import Settings
from schemas.topics import FLOORS
from tests.support import crossed_views
from tests.support.clusters import cluster_of
from tests.support.facts import publish_facts
from tests.support.ward_recording import Recording
from workers.registry.coverage_rows import RequirementRow
from workers.registry.edit import Registered, Stamp, edits
from workers.registry.row import Row
from workers.registry.rows import CameraRow, ShiftRow, StaffRow, ZoneRow

START_US = 1_780_000_000_000_000
HOUR_US = 3_600_000_000
WIDTH, HEIGHT = 640, 480
METRES_PER_PX = 0.01
ROLES = ("nurse", "nurse", "care-assistant")
SHIFT_CHANGE_US = START_US + 30_000_000
"""Change from the early to the late shift: half a minute into the input."""


@dataclass(frozen=True)
class Camera:
    """One camera of the ward.

    Attributes:
        camera_id: Id of the camera.
        floor_id: Floor that it watches with other cameras.
        number: Number of the camera in the ward, from 0.
        recording: Detections of a real clip, or None when its people are simulated.
        view: Number of its view across the floor's room; None on a floor that is not fused.
    """

    camera_id: str
    floor_id: str
    number: int
    recording: Recording | None = None
    view: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its frames, px."""
        if self.view is not None:
            return crossed_views.WIDTH, crossed_views.HEIGHT
        return (WIDTH, HEIGHT) if self.recording is None else self.recording.size


def cameras_of(
    floors: int, a_floor: int, recordings: list[Recording], *, all_fused: bool = False
) -> list[Camera]:
    """Cameras of a ward; the first of each floor that is not fused replays a recording, if any.

    Args:
        floors: Number of floors.
        a_floor: Number of cameras on each floor.
        recordings: Detections of real clips.
        all_fused: Whether the people of every floor are fused, and not of every second one.
    """

    def camera(floor: int, index: int) -> Camera:
        fused = all_fused or floor % 2 == 1
        return Camera(
            f"cam-{floor}-{index}",
            f"floor-{floor}",
            floor * a_floor + index,
            recordings[floor % len(recordings)]
            if recordings and index == 0 and not fused
            else None,
            index if fused and index < crossed_views.VIEWS else None,
        )

    return [camera(floor, index) for floor in range(floors) for index in range(a_floor)]


def rows_of(cameras: list[Camera], start_us: int = START_US) -> list[list[Row]]:
    """Rows that a person would import, kind by kind.

    Every camera has a zone in its own pixels, with staff and requirements; every floor has a zone
    in metres, which all its cameras feed.

    Args:
        cameras: Cameras of the ward.
        start_us: Event time at which the input begins, microseconds.
    """
    change_us = start_us + SHIFT_CHANGE_US - START_US
    camera_rows: list[Row] = []
    zones: list[Row] = []
    staff: list[Row] = []
    shifts: list[Row] = []
    required: list[Row] = []
    for camera in cameras:
        width, height = camera.size
        index = camera.number % 3
        camera_rows.append(
            CameraRow(
                camera_id=camera.camera_id,
                floor_id=camera.floor_id,
                width=width,
                height=height,
                homography=None if camera.view is not None else _homography(index),
                projection=None if camera.view is None else crossed_views.projection(camera.view),
            )
        )
        zone_id = f"{camera.camera_id}-zone"
        left, right, top = round(width * 0.15), round(width * 0.85), round(height * 0.4)
        zones.append(
            ZoneRow(
                zone_id=zone_id,
                camera_id=camera.camera_id,
                polygon=[(left, top), (right, top), (right, height - 1), (left, height - 1)],
                enter_after_ms=300,
                leave_after_ms=800,
                dwell_limit_s=3,
            )
        )
        role = ROLES[index]
        required.append(
            RequirementRow(
                requirement_id=f"{zone_id}-{role}", zone_id=zone_id, role=role, count=1 + index
            )
        )
        for late in (False, True):
            staff_id = f"{camera.camera_id}-{'late' if late else 'early'}"
            starts = change_us - (0 if late else 8 * HOUR_US)
            staff.append(StaffRow(staff_id=staff_id, role=role))
            shifts.append(
                ShiftRow(
                    shift_id=f"{staff_id}-shift",
                    staff_id=staff_id,
                    zone_id=zone_id,
                    role=role,
                    starts=datetime.fromtimestamp(starts / 1e6, UTC),
                    ends=datetime.fromtimestamp((starts + 8 * HOUR_US) / 1e6, UTC),
                )
            )
    zones += [
        ZoneRow(
            zone_id=f"{floor_id}-hall",
            floor_id=floor_id,
            polygon=[(2.0, 1.0), (9.0, 1.0), (9.0, 5.0), (2.0, 5.0)],
            enter_after_ms=500,
            leave_after_ms=1000,
        )
        for floor_id in sorted({camera.floor_id for camera in cameras})
    ]
    return [camera_rows, zones, staff, shifts, required]


def _homography(index: int) -> list[float]:
    """Homography of a camera: neighbouring cameras of a floor see areas that overlap by a third."""
    scale, shift_m = METRES_PER_PX, 4.0 * index
    return [scale, 0.0, shift_m, 0.0, scale, 0.0, 0.0, 0.0, 1.0]


def register(settings: Settings, cameras: list[Camera], start_us: int = START_US) -> dict[str, int]:
    """Register the ward an hour before its input begins; returns the partition of each floor."""
    registered = Registered()
    stamp = Stamp(start_us - HOUR_US, start_us - HOUR_US, "chaos")
    facts: list[Fact] = []
    for rows in rows_of(cameras, start_us):
        new = edits(rows, registered, stamp)
        registered.add(new)
        facts += new
    publish_facts(cluster_of(settings), facts)
    return {
        identity: record["partition"] for identity, record in registered.current(FLOORS).items()
    }
