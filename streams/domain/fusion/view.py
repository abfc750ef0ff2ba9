"""The cameras of one scan and their boxes, as compiled code reads them."""

from typing import Final, NamedTuple

from streams.domain.fusion.ellipsoid import NEAREST_M
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.visibility import share_in_picture
from streams.domain.tracking.types import Indices, Matrix, Vector

MOST_BOXES: Final = 4096
"""Most boxes of a frame."""

MOST_CAMERAS: Final = 256
"""Most cameras of a floor."""


class Scan(NamedTuple):
    """The frames of one tick, one for each camera.

    Attributes:
        slots: Which of the floor's cameras each frame is of, rising, shape `(F,)`.
        projections: Floor metres to pixels, shape `(F, 3, 4)`.
        sizes: Width and height of each picture, px, shape `(F, 2)`.
        boxes: Detected boxes `(x_min, y_min, x_max, y_max)`, px, shape `(F, B, 4)`.
        counts: Boxes of each frame, shape `(F,)`.
        regions: Corners of the part of the floor that each camera can see, m, shape `(F, V, 2)`.
        corners: Corners of each region, shape `(F,)`; 0 where nothing limits the view.
    """

    slots: Indices
    projections: Matrix
    sizes: Matrix
    boxes: Matrix
    counts: Indices
    regions: Matrix
    corners: Indices


@compiled
def can_see(scan: Scan, frame: int, x: float, y: float) -> bool:
    """Whether a point of the floor, m, is where the camera of a frame can see people.

    Crossings of a ray along x with the region's edges are counted: odd is inside.
    """
    count = scan.corners[frame]
    if count == 0:
        return True
    inside = False
    other = count - 1
    for corner in range(count):
        x1, y1 = scan.regions[frame, corner, 0], scan.regions[frame, corner, 1]
        x2, y2 = scan.regions[frame, other, 0], scan.regions[frame, other, 1]
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
        other = corner
    return inside


@compiled
def share_in_view(scan: Scan, frame: int, x: float, y: float, box: Vector, depth: float) -> float:
    """Share of a person at a point of the floor, m, that is in the picture of a frame, 0 to 1.

    Nothing is where the person is too near, behind the camera, or behind a wall.
    """
    if depth <= NEAREST_M or not can_see(scan, frame, x, y):
        return 0.0
    return share_in_picture(box, scan.sizes[frame, 0], scan.sizes[frame, 1])
