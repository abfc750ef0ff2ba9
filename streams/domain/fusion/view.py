"""The cameras of a floor, and their boxes of one scan, as compiled code reads them."""

from typing import Final, NamedTuple

from streams.domain.fusion.ellipsoid import NEAREST_M
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.visibility import share_in_picture
from streams.domain.tracking.types import Flags, Indices, Matrix, Vector

MOST_BOXES: Final = 4096
"""Most boxes of a frame."""

MOST_CAMERAS: Final = 256
"""Most cameras of a floor."""


FROM_THE_SIDE: Final = 0
FROM_ABOVE: Final = 1
"""How a camera looks at people: so that their heads are above their feet, or down on them."""


class Cameras(NamedTuple):
    """The cameras of a floor.

    Attributes:
        projections: Floor metres to pixels, shape `(C, 3, 4)`.
        sizes: Width and height of each picture, px, shape `(C, 2)`.
        regions: Corners of the part of the floor that each camera can see, m, shape `(C, V, 2)`.
        corners: Corners of each region, shape `(C,)`; 0 where nothing limits the view.
        bounds: Least x and y and most x and y of each region, m, shape `(C, 4)`.
        kinds: `FROM_THE_SIDE` or `FROM_ABOVE`: which settings hold for each camera, shape `(C,)`.
    """

    projections: Matrix
    sizes: Matrix
    regions: Matrix
    corners: Indices
    bounds: Matrix
    kinds: Indices


class Scan(NamedTuple):
    """The frames of one tick, one for each camera, and all their boxes, frame by frame.

    Attributes:
        slots: Which of the floor's cameras each frame is of, rising, shape `(F,)`.
        starts: First box of each frame, and the number of all boxes, shape `(F + 1,)`.
        boxes: Detected boxes `(x_min, y_min, x_max, y_max)`, px, shape `(B, 4)`.
        faint: Which of them are more often nobody than somebody, shape `(B,)`.
    """

    slots: Indices
    starts: Indices
    boxes: Matrix
    faint: Flags


@compiled
def can_see(cameras: Cameras, slot: int, x: float, y: float) -> bool:
    """Whether a point of the floor, m, is where a camera can see people.

    Crossings of a ray along x with the region's edges are counted: odd is inside.
    """
    count = cameras.corners[slot]
    if count == 0:
        return True
    bounds = cameras.bounds[slot]
    if x < bounds[0] or y < bounds[1] or x > bounds[2] or y > bounds[3]:
        return False
    inside = False
    other = count - 1
    for corner in range(count):
        x1, y1 = cameras.regions[slot, corner, 0], cameras.regions[slot, corner, 1]
        x2, y2 = cameras.regions[slot, other, 0], cameras.regions[slot, other, 1]
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
        other = corner
    return inside


@compiled
def share_in_view(cameras: Cameras, slot: int, box: Vector, depth: float) -> float:
    """Share of a person whom no wall hides that is in the picture of a camera, 0 to 1.

    Nothing is where the person is too near or behind the camera.
    """
    if depth <= NEAREST_M:
        return 0.0
    return share_in_picture(box, cameras.sizes[slot, 0], cameras.sizes[slot, 1])
