"""What a camera shows: a rectangle of pixels without what its privacy masks hide.

A picture is one array, since each argument of compiled code costs as much as two tracks. Its first
row is width and height (px); then each mask has a row with its number of vertices (and a zero), and
a row for each vertex (px). A picture of unknown size, whose edges are nowhere, has no rows.
"""

from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from schemas.records.facts import Camera
from streams.domain.jit import Compiler
from streams.domain.tracking.types import Matrix

_compiler: Final = Compiler("picture", [Path(__file__)])

Picture: TypeAlias = Matrix
"""Shape `(R, 2)`."""

UNKNOWN: Final[Picture] = np.zeros((0, 2))


def picture_of(camera: Camera) -> Picture:
    """The picture of a version of a camera."""
    rows = [(float(camera["width"]), float(camera["height"]))]
    for mask in camera["privacy_masks"]:
        rows.append((float(len(mask)), 0.0))
        rows += [(point["x"], point["y"]) for point in mask]
    return np.array(rows, dtype=np.float64)


@_compiler.compiled
def size_of(picture: Picture) -> tuple[float, float]:
    """Width and height, px; 0 where they are not known."""
    if len(picture) == 0:
        return 0.0, 0.0
    return picture[0, 0], picture[0, 1]


@_compiler.compiled
def _between(a: float, b: float, value: float) -> bool:
    return a <= value <= b or b <= value <= a


@_compiler.compiled
def contains(vertices: Matrix, start: int, end: int, x: float, y: float) -> bool:
    """Tell whether a polygon contains a point; edges and vertices count as inside."""
    within = False
    ax, ay = vertices[end - 1, 0], vertices[end - 1, 1]
    for index in range(start, end):
        bx, by = vertices[index, 0], vertices[index, 1]
        # Which side of the edge the point is on: 0 on its line, sign otherwise.
        side = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if side == 0.0 and _between(ax, bx, x) and _between(ay, by, y):
            return True
        if (ay > y) != (by > y) and (side > 0.0) == (by > ay):
            within = not within
        ax, ay = bx, by
    return within


@_compiler.compiled
def is_masked(picture: Picture, x: float, y: float) -> bool:
    """Tell whether a point is in a mask."""
    row = 1
    while row < len(picture):
        end = row + 1 + int(picture[row, 0])
        if end > row + 1 and contains(picture, row + 1, end, x, y):
            return True
        row = end
    return False


@_compiler.compiled
def is_hidden(picture: Picture, x: float, y: float) -> bool:
    """Tell whether a point is not shown: at or beyond an edge of the picture, or in a mask."""
    width, height = size_of(picture)
    if width <= 0.0 or height <= 0.0:
        return False
    return not (0.0 < x < width and 0.0 < y < height) or is_masked(picture, x, y)


@_compiler.compiled
def nearest_shown(picture: Picture, x: float, y: float) -> tuple[float, float]:
    """The point of a picture, its masks included, that is nearest to a point."""
    width, height = size_of(picture)
    if width <= 0.0 or height <= 0.0:
        return x, y
    return min(max(x, 0.0), width), min(max(y, 0.0), height)
