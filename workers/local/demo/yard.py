"""The ward of the packaged clip: two overlapping views of one floor, with a published calibration.

The clip is View 001 of PETS 2009 S2.L1; its calibration is in millimetres, on axes of its own. On
the demo's floor the origin lies straight below the camera, x leads away from it along the middle of
the picture, and y to the left; so x of a person is roughly their distance from the camera, m.

Both views are parts of one picture: they show how a floor is set up and shown, and prove nothing
about fusion.
"""

from pathlib import Path
from typing import Any, Final

from streams.domain.camera.pinhole import Pinhole
from workers.ingest.feed import Region, captured_size
from workers.ingest.sources.probe import Clip
from workers.local.demo.scenario import ReaderOfDemo, Unit, VirtualCamera, Ward, ZoneOfDemo
from workers.local.demo.views import FloorAxes, of_size, on_axes, part_of
from workers.operations.calibration.poses import read_pose

FLOOR: Final = "yard"
CALIBRATION: Final = Path(__file__).with_name("view_001.xml")
AXES: Final = FloorAxes(x=-28.94, y=-19.53, turn_deg=32.7)
VIEWS: Final = (
    ("view-left", "Left view", Region(width=0.6)),
    ("view-right", "Right view", Region(x=0.4, width=0.6)),
)
"""They share the middle fifth of the picture."""

ZONES: Final = (
    ZoneOfDemo(
        zone_id="bay-1",
        name="Bay 1",
        floor_id=FLOOR,
        polygon=((15, 2), (27, 2), (27, 9), (15, 5)),
        required=(("nurse", 2), ("care-assistant", 1)),
        rostered=("nurse", "nurse", "care-assistant"),
    ),
    ZoneOfDemo(
        zone_id="bay-2",
        name="Bay 2",
        floor_id=FLOOR,
        polygon=((13, -2), (27, -2), (27, 2), (13, 2)),
        required=(("nurse", 1),),
        rostered=("nurse", "nurse", "care-assistant"),
    ),
    ZoneOfDemo(
        zone_id="bay-3",
        name="Bay 3",
        floor_id=FLOOR,
        polygon=((15, -5), (27, -8), (27, -2), (15, -2)),
        required=(("physician", 1),),
        rostered=("physician", "care-assistant"),
    ),
    ZoneOfDemo(
        zone_id="hall",
        name="Hall",
        floor_id=FLOOR,
        polygon=((27.5, -9), (38, -12), (38, 12), (27.5, 9)),
        rostered=("porter", "physician"),
    ),
)
"""In m. Bay 2 lies where both views see the floor.

Bay 1 is nearly always empty, so it is short whoever anybody is; in the two others a badge decides.
"""

ROLES: Final[tuple[dict[str, Any], ...]] = (
    {"role": "nurse", "covers": ["care-assistant"], "priority": 1},
    {"role": "physician", "priority": 2},
    {"role": "care-assistant", "priority": 3},
    {"role": "porter", "priority": 4},
)
"""A nurse who is there covers a care assistant, and not the reverse."""

READERS: Final = tuple(
    ReaderOfDemo(name=f"Yard {number}", floor_id=FLOOR, x_m=x_m, y_m=y_m, range_m=3.0)
    for number, (x_m, y_m) in enumerate(
        [
            *((x_m, y_m) for x_m in (16.0, 20.0, 24.0, 28.0, 32.0) for y_m in (-6.0, -2.0, 2.0)),
            (28.0, 6.0),
            (32.0, 8.0),
        ],
        1,
    )
)
"""Every 4 m, where people walk: they are read while they pass, as by readers in a ceiling."""


def whole_view(width: int, height: int) -> Pinhole:
    """The camera of the clip on the axes of the demo's floor, for pictures of a size.

    Raises:
        ValueError: The pictures have another shape than the clip.
    """
    return of_size(on_axes(read_pose(CALIBRATION, None), AXES), width, height)


def yard_cameras(clip: Clip, max_width: int) -> list[VirtualCamera]:
    """The two views as cameras.

    Args:
        clip: The packaged clip, whole or at another size.
        max_width: Width to which ingest shrinks wider frames, px.
    """
    whole = whole_view(clip.width, clip.height)
    cameras = []
    for camera_id, name, region in VIEWS:
        width, height = captured_size(clip.width, clip.height, region, max_width)
        pinhole = of_size(part_of(whole, region), width, height)
        cameras.append(
            VirtualCamera(
                camera_id, clip, region, width, height, name=name, floor_id=FLOOR, pinhole=pinhole
            )
        )
    return cameras


def yard_ward(clip: Clip, max_width: int) -> Ward:
    """The ward of the packaged clip.

    Args:
        clip: The packaged clip, whole or at another size.
        max_width: Width to which ingest shrinks wider frames, px.
    """
    return Ward(
        yard_cameras(clip, max_width),
        list(ZONES),
        [Unit(FLOOR, "Yard unit", (FLOOR,))],
        {FLOOR: "Yard"},
        list(READERS),
        ROLES,
    )
