"""Recordings of one floor by several calibrated cameras, from a file of cameras.

The file is that of `wardstream fuse --cameras`; beside `cameras` it may hold `videos`, which names
each camera's recording, relative to the file.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from shapely.geometry import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from runtime.errors import Stop
from workers.ingest.feed import WHOLE, captured_size
from workers.ingest.sources.probe import Clip
from workers.local.demo.scenario import ReaderOfDemo, Unit, VirtualCamera, Ward, ZoneOfDemo
from workers.local.demo.views import fields_of, of_size
from workers.operations.scoring.floor_cameras import FloorCameras, read_cameras
from workers.serving.live.footprints import footprint

FLOOR: Final = "floor"
_NEAR_M: Final = 0.5
"""Cameras hang at walls: the zone reaches this far beyond the line between them, m."""

_LEAST_ROOM: Final = 3
_LEAST_M2: Final = 4.0
_SEEN: Final = 0.5
"""The room between the cameras is the zone if at least this share of it is seen."""

_URL = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def read_floor(path: Path, videos: Sequence[str]) -> tuple[FloorCameras, dict[str, str]]:
    """Read the cameras and the recording of each.

    Args:
        path: File of cameras.
        videos: `CAMERA=SOURCE` each; before what the file says.

    Raises:
        Stop: The file is wrong, or a camera has no recording, or a recording no camera.
    """
    try:
        floor = read_cameras(path)
        sources = _videos_of(path)
    except (ValueError, OSError) as error:
        raise Stop(f"--cameras: {error}") from error
    given = {}
    for video in videos:
        name, equals, source = video.partition("=")
        if not equals or name not in floor.cameras:
            known = ", ".join(floor.cameras)
            raise Stop(f"--video {video}: with --cameras it is CAMERA=SOURCE, for one of {known}")
        if name in given:
            raise Stop(f"--video: camera {name} is given twice")
        given[name] = source
    sources = given or sources
    if missing := [name for name in floor.cameras if name not in sources]:
        raise Stop(
            f"--cameras: no recording of {', '.join(missing)}: give --video {missing[0]}=SOURCE, "
            'or name it under "videos" in the file'
        )
    return floor, {name: sources[name] for name in floor.cameras}


def _videos_of(path: Path) -> dict[str, str]:
    found = json.loads(path.read_text(encoding="utf-8-sig")).get("videos", {})
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ValueError(f'{path}, field videos: it is {{"CAMERA": "SOURCE", …}}')
    return {
        name: source if _URL.match(source) else str(path.parent / source)
        for name, source in found.items()
    }


def floor_ward(floor: FloorCameras, clips: Mapping[str, Clip], max_width: int) -> Ward:
    """The ward of a floor: all its cameras, and one zone where people are.

    Args:
        floor: The cameras.
        clips: The recording of each camera.
        max_width: Width to which ingest shrinks wider frames, px.

    Raises:
        Stop: A recording does not show what its camera was calibrated for.
    """
    cameras = []
    for name, pinhole in floor.cameras.items():
        clip = clips[name]
        width, height = captured_size(clip.width, clip.height, WHOLE, max_width)
        try:
            own = of_size(pinhole, width, height)
        except ValueError as error:
            raise Stop(f"camera {name}: {error}") from error
        cameras.append(
            VirtualCamera(
                name,
                clip,
                WHOLE,
                width,
                height,
                name=name,
                floor_id=FLOOR,
                pinhole=own,
                sees=floor.sees.get(name, ()),
            )
        )
    zone = ZoneOfDemo(
        zone_id="room",
        name="Room",
        floor_id=FLOOR,
        polygon=_room(cameras),
        required=(("nurse", 2),),
        rostered=("nurse",),
    )
    reader = ReaderOfDemo(name="Room", floor_id=FLOOR, zone_id=zone.zone_id)
    units = [Unit("floor", "Floor unit", (FLOOR,))]
    return Ward(cameras, [zone], units, {FLOOR: "Floor"}, [reader])


def _room(cameras: Sequence[VirtualCamera]) -> list[tuple[float, float]]:
    """Corners of the zone: the room between the cameras, else the floor that most of them see."""
    positions, seen = [], []
    for camera in cameras:
        found = footprint(_fact(camera))
        if found is not None and found.position is not None:
            positions.append(found.position[:2])
            seen.append(unary_union([Polygon(ring) for ring in found.sees]))
    watched = unary_union(seen)
    room = MultiPoint(positions).convex_hull.buffer(_NEAR_M, join_style="mitre")
    if len(positions) >= _LEAST_ROOM and room.area >= _LEAST_M2:
        inside = room.intersection(watched)
        if inside.area >= _SEEN * room.area:
            return _corners(room)
    return _corners(_seen_by_most(seen))


def _seen_by_most(seen: Sequence[BaseGeometry]) -> BaseGeometry:
    """The floor that all of these see, leaving out from the last on what has no part in it."""
    shape = seen[0]
    for other in seen[1:]:
        both = shape.intersection(other)
        if both.area >= _LEAST_M2:
            shape = both
    return shape


def _corners(shape: BaseGeometry) -> list[tuple[float, float]]:
    parts: Iterable[BaseGeometry] = getattr(shape, "geoms", [shape])
    largest = max(parts, key=lambda part: part.area).simplify(0.2)
    return [(round(x, 1), round(y, 1)) for x, y in list(largest.exterior.coords)[:-1]]


def _fact(camera: VirtualCamera) -> dict[str, Any]:
    """A camera as it will be registered, as far as its footprint needs it."""
    assert camera.pinhole is not None
    fields = {"lens": None, "homography": None, **fields_of(camera.pinhole)}
    return {
        **fields,
        "width": camera.width,
        "height": camera.height,
        "sees": [{"x": x, "y": y} for x, y in camera.sees],
    }
