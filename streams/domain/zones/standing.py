"""Which people stand in the areas of which zones.

A person stands where the box meets the floor. A point on an edge or vertex is inside, so a person
on the line between two zones stands in both, whichever way they were drawn.

The edges of the picture and of its privacy masks are open. Feet out of view are taken to be where
the view ends, and a zone that ends within a margin (1/32 of the picture) of that goes on beyond it:
what the picture does not show cannot be drawn, and few people draw to the last pixel. A person near
an edge therefore counts in the zones of one point between their feet and a margin inwards. The way
inwards ends before it leaves a zone that it was in, so nobody counts in two zones that share no
point, such as a strip at the edge and its neighbour. Of two zones, one in the other, both count.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.domain.camera import feet
from streams.domain.camera import people as p
from streams.domain.camera.feet import EDGE_SHARE
from streams.domain.camera.people import Person
from streams.domain.camera.picture import UNKNOWN, Picture, contains, is_masked, size_of
from streams.domain.jit import Compiler
from streams.domain.tracking.types import Flags, Indices, Matrix, Structured, Table
from streams.domain.zones.area import ZoneArea

_compiler: Final = Compiler("standing", [Path(__file__), Path(p.__file__), *feet.SOURCES])

Standing: TypeAlias = NDArray[np.int8]

MARGIN_SHARE: Final = (1.0 + 2.0**-20) / 32.0
"""A zone reaches an edge if the gap between the two is at most this share of the picture: of its
width at the left and right edges, of its height at the top and bottom edges.

The share is slightly more than 1/32. With exactly 1/32, the way inwards could end on a line that
two zones share, and a person on a line is in both."""

_STEPS: Final = 2
"""Points at which the way inwards is looked at where no zone holds the feet, so that the nearest
zone counts, also a narrow one. Elsewhere only its end is looked at, which is faster."""

OUTSIDE: Final = 0
INSIDE: Final = 1
UNSEEN: Final = -1  # the track coasts: nobody saw where the person stands
_NEW: Final = 2  # entered with this step inwards, which may be taken back


class AreaTable(NamedTuple):
    """The zones that count one camera's people, as compiled code reads them.

    Attributes:
        areas: The zones, sorted by id.
        vertices: Shape `(V, 2)`: the polygons, one after the other.
        ends: Shape `(A,)`: where each one's vertices end.
        bounds: Shape `(A, 4)`: x_min, y_min, x_max, y_max.
        in_metres: Shape `(A,)`: whether the polygon is on the floor (m), not in the image (px).
        picture: What the camera shows.
    """

    areas: Sequence[ZoneArea]
    vertices: Matrix
    ends: Indices
    bounds: Matrix
    in_metres: Flags
    picture: Picture


def table_of(areas: Sequence[ZoneArea], picture: Picture = UNKNOWN) -> AreaTable:
    """Put zones into arrays."""
    vertices = [vertex for area in areas for vertex in area.polygon]
    return AreaTable(
        areas=areas,
        vertices=np.array(vertices, dtype=np.float64).reshape(-1, 2),
        ends=np.cumsum([len(area.polygon) for area in areas], dtype=np.int64),
        bounds=np.array([area.bounds for area in areas], dtype=np.float64).reshape(-1, 4),
        in_metres=np.array([area.in_metres for area in areas], np.bool_),
        picture=picture,
    )


@_compiler.compiled
def _in_area(
    vertices: Matrix, start: int, end: int, bounds: Matrix, area: int, x: float, y: float
) -> bool:
    return bool(
        bounds[area, 0] <= x <= bounds[area, 2]
        and bounds[area, 1] <= y <= bounds[area, 3]
        and contains(vertices, start, end, x, y)
    )


@_compiler.compiled
def _inwards(picture: Picture, foot_x: float, foot_y: float) -> tuple[float, float]:
    """The point at a margin from the edges and masks near a foot point; else the same point."""
    width, height = size_of(picture)
    if width <= 0.0 or height <= 0.0:
        return foot_x, foot_y
    x_margin, y_margin = width * MARGIN_SHARE, height * MARGIN_SHARE
    x = min(max(foot_x, x_margin), width - x_margin)
    y = min(max(foot_y, y_margin), height - y_margin)
    if len(picture) > 1:
        x_reach, y_reach = width * EDGE_SHARE, height * EDGE_SHARE
        if is_masked(picture, foot_x, foot_y + y_reach) or is_masked(picture, foot_x, foot_y):
            y = min(y, foot_y - y_margin)
        left = is_masked(picture, foot_x - x_reach, y)
        right = is_masked(picture, foot_x + x_reach, y)
        if left and not right:
            x = max(x, foot_x + x_margin)
        elif right and not left:
            x = min(x, foot_x - x_margin)
    return x, y


@_compiler.compiled
def _go_inwards(
    found: Standing,
    row: int,
    vertices: Matrix,
    ends: Indices,
    bounds: Matrix,
    in_metres: Flags,
    picture: Picture,
    foot_x: float,
    foot_y: float,
    x_way: float,
    y_way: float,
    first: int,
) -> None:
    """Add the areas on the way inwards from a foot point, until it leaves one that it was in."""
    shown = not is_masked(picture, foot_x, foot_y)
    for step in range(first, _STEPS + 1):
        share = step * (1.0 / _STEPS)
        x, y = foot_x + x_way * share, foot_y + y_way * share
        if is_masked(picture, x, y):
            if shown:  # another mask: what is beyond it is not near the foot
                return
            continue
        shown = True
        kept, start, added = True, 0, 0
        for area in range(len(ends)):
            end, before = ends[area], found[area, row]
            if not in_metres[area]:
                here = _in_area(vertices, start, end, bounds, area, x, y)
                if before == INSIDE and not here:
                    kept = False
                    break
                if before == OUTSIDE and here:
                    found[area, row] = _NEW
                    added += 1
            start = end
        if added > 0:
            for area in range(len(ends)):
                if found[area, row] == _NEW:
                    found[area, row] = INSIDE if kept else OUTSIDE
        if not kept:
            return


@_compiler.entry
def standing(
    people: Table[Person],
    vertices: Matrix,
    ends: Indices,
    bounds: Matrix,
    in_metres: Flags,
    picture: Picture,
) -> Standing:
    """Find who stands in which area.

    Args:
        people: Shape `(P,)` of `PERSON`.
        vertices: Vertices of an `AreaTable`, as all that follows.
        ends: Where each area's vertices end.
        bounds: Bounds of each area.
        in_metres: Whether each area is on the floor.
        picture: What the camera shows.

    Returns:
        Shape `(A, P)`: `INSIDE`, `OUTSIDE` or `UNSEEN`.
    """
    found = np.zeros((len(ends), len(people)), np.int8)
    for row in range(len(people)):
        person = people[row]
        seen = person.observed == 1.0
        foot_x, foot_y = person.foot_x_px, person.foot_y_px
        start, first = 0, 1
        for area in range(len(ends)):
            end = ends[area]
            x, y = (person.x_m, person.y_m) if in_metres[area] else (foot_x, foot_y)
            if not seen:
                found[area, row] = UNSEEN
            elif _in_area(vertices, start, end, bounds, area, x, y):
                found[area, row] = INSIDE
                if not in_metres[area]:
                    first = _STEPS
            start = end
        inner_x, inner_y = _inwards(picture, foot_x, foot_y)
        if seen and (inner_x != foot_x or inner_y != foot_y):
            x_way, y_way = inner_x - foot_x, inner_y - foot_y
            _go_inwards(
                found, row, vertices, ends, bounds, in_metres, picture,
                foot_x, foot_y, x_way, y_way, first,
            )  # fmt: skip
    return found


def who_stands(table: AreaTable, people: Structured) -> list[list[int]]:
    """`standing` as lists: for each area, each person."""
    if not len(people):
        return [[] for _ in table.areas]
    rows: list[list[int]] = standing(people, *table[1:]).tolist()
    return rows
