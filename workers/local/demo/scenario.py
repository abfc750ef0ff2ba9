"""The demo's ward: cameras cut from clips, their zones, a small roster and staffing requirements.

Pure: it takes the clips and the time, and returns rows as a person would import them.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from workers.ingest.feed import WHOLE, Region, captured_size
from workers.ingest.sources.probe import Clip


@dataclass(frozen=True, slots=True)
class VirtualCamera:
    """A camera of the demo: a region of a clip.

    Attributes:
        camera_id: Id of the camera.
        clip: Clip that holds its pixels.
        region: The part of the clip that it shows.
        width: Width of the captured frame, px.
        height: Height of the captured frame, px.
    """

    camera_id: str
    clip: Clip
    region: Region
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """All rows that the demo imports, by the word of the import command."""

    cameras: list[VirtualCamera]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


_HALVES = (Region(width=0.5), Region(x=0.5, width=0.5))
_SIDES = (
    ("west", "West"),
    ("east", "East"),
    ("north", "North"),
    ("south", "South"),
)
_FAR = ((0.02, 0.18), (0.98, 0.18), (0.98, 0.52), (0.02, 0.52))
_NEAR = ((0.02, 0.54), (0.98, 0.54), (0.98, 0.99), (0.02, 0.99))
_ROLES = ("nurse", "nurse", "care-assistant")


def cameras_of(clips: list[Clip], max_width: int) -> list[VirtualCamera]:
    """One clip becomes two virtual cameras, its left and right half; more are one each.

    Args:
        clips: The video sources.
        max_width: Width to which ingest shrinks wider frames, px.
    """
    if len(clips) == 1:
        parts = [
            (f"cam-{word}", clips[0], half)
            for (word, _), half in zip(_SIDES, _HALVES, strict=False)
        ]
    else:
        parts = [(f"cam-{number}", clip, WHOLE) for number, clip in enumerate(clips, 1)]
    return [
        VirtualCamera(
            camera_id, clip, region, *captured_size(clip.width, clip.height, region, max_width)
        )
        for camera_id, clip, region in parts
    ]


def make_scenario(clips: list[Clip], starts_us: int, max_width: int) -> Scenario:
    """Lay out the ward of the demo.

    Args:
        clips: The video sources.
        starts_us: Event time of the first frame, UTC microseconds; shifts are laid around it.
        max_width: Width to which ingest shrinks wider frames, px.
    """
    cameras = cameras_of(clips, max_width)
    start = datetime.fromtimestamp(starts_us / 1e6, UTC).replace(tzinfo=None)
    shift_starts = (start - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    rows: dict[str, list[dict[str, Any]]] = {
        kind: [] for kind in ("camera", "zone", "staff", "shift", "requirement", "unit")
    }
    for number, camera in enumerate(cameras):
        word = camera.camera_id.removeprefix("cam-")
        label = dict(_SIDES).get(word, f"Room {word}")
        rows["camera"].append(
            {
                "camera_id": camera.camera_id,
                "name": f"{label} camera",
                "width": camera.width,
                "height": camera.height,
            }
        )
        rows["unit"].append(
            {"unit_id": word, "name": f"{label} unit", "floor_ids": [camera.camera_id]}
        )
        zones = ((f"{word}-bay", f"{label} bay", _NEAR), (f"{word}-hall", f"{label} hall", _FAR))
        for index, (zone_id, name, shape) in enumerate(zones):
            rows["zone"].append(
                {
                    "zone_id": zone_id,
                    "camera_id": camera.camera_id,
                    "name": name,
                    "order": number * 2 + index,
                    "dwell_limit_s": 30,
                    "polygon": [
                        [round(x * camera.width, 1), round(y * camera.height, 1)] for x, y in shape
                    ],
                }
            )
        for index, role in enumerate(_ROLES[: 2 + number % 2]):
            staff_id = f"{word}-{role}-{index + 1}"
            rows["staff"].append({"staff_id": staff_id, "role": role})
            rows["shift"].append(
                {
                    "shift_id": f"{staff_id}-{shift_starts:%Y%m%d}",
                    "staff_id": staff_id,
                    "zone_id": zones[0][0] if index < 2 else zones[1][0],
                    "starts": shift_starts.isoformat(),
                    "ends": (shift_starts + timedelta(hours=8)).isoformat(),
                    "time_zone": "UTC",
                }
            )
        for zone_id, role, count in (
            (zones[0][0], "nurse", 2),
            (zones[0][0], "care-assistant", number % 2),
            (zones[1][0], "nurse", 1),
        ):
            if count:
                rows["requirement"].append(
                    {
                        "requirement_id": f"{zone_id}-{role}",
                        "zone_id": zone_id,
                        "role": role,
                        "count": count,
                        "time_zone": "UTC",
                    }
                )
    return Scenario(cameras, rows)
