"""The area of a zone, and which people stand in which areas.

A person stands where the box meets the floor. A point on an edge or vertex is inside, so a person
on the line between two zones stands in both, whichever way they were drawn.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streams.domain.camera import people as p
from streams.domain.camera.people import Person
from streams.domain.jit import Compiler
from streams.domain.tracking.types import Flags, Indices, Matrix, Structured, Table
from streams.domain.zones.geometry import Polygon, polygon_of

_compiler: Final = Compiler("area", [Path(__file__), Path(p.__file__)])

Standing: TypeAlias = NDArray[np.int8]

OUTSIDE: Final = 0
INSIDE: Final = 1
UNSEEN: Final = -1  # the track coasts: nobody saw where the person stands


@dataclass(frozen=True, slots=True)
class ZoneArea:
    """A zone as the fold uses it.

    Attributes:
        zone_id: Identity.
        floor_id: Floor of the zone.
        camera_id: The one camera whose people it counts; None for every camera of the floor.
        in_metres: True when the polygon is on the floor (m), False when in the image (px).
        polygon: Vertices.
        bounds: `(x_min, y_min, x_max, y_max)` of the polygon.
        enter_after_us: Standing inside for this long begins a stay, microseconds.
        leave_after_us: Being outside or unseen for this long ends it, microseconds.
        dwell_limit_us: A longer stay is reported, microseconds; None for no limit.
    """

    zone_id: str
    floor_id: str
    camera_id: str | None
    in_metres: bool
    polygon: Polygon
    bounds: tuple[float, float, float, float]
    enter_after_us: int
    leave_after_us: int
    dwell_limit_us: int | None


def zone_area(zone: Mapping[str, Any]) -> ZoneArea:
    """Check one version of a zone and bring it into the form that the fold uses.

    Raises:
        ValueError: An unusable polygon, space or duration, or an image zone without a camera.
    """
    polygon = polygon_of(zone["polygon"])
    if zone["space"] not in ("IMAGE_PX", "FLOOR_M"):
        raise ValueError(f"space is {zone['space']}, neither IMAGE_PX nor FLOOR_M")
    if zone["space"] == "IMAGE_PX" and not zone["camera_id"]:
        raise ValueError("a zone in the image names its camera")
    for name in ("enter_after_ms", "leave_after_ms"):
        if zone[name] < 0:
            raise ValueError(f"{name} is {zone[name]}, below 0")
    limit_s = zone["dwell_limit_s"]
    if limit_s is not None and not (math.isfinite(limit_s) and limit_s > 0.0):
        raise ValueError(f"dwell_limit_s is {limit_s}, not above 0")
    xs, ys = [vertex[0] for vertex in polygon], [vertex[1] for vertex in polygon]
    return ZoneArea(
        zone_id=zone["zone_id"],
        floor_id=zone["floor_id"],
        camera_id=zone["camera_id"] or None,
        in_metres=zone["space"] == "FLOOR_M",
        polygon=polygon,
        bounds=(min(xs), min(ys), max(xs), max(ys)),
        enter_after_us=zone["enter_after_ms"] * 1000,
        leave_after_us=zone["leave_after_ms"] * 1000,
        dwell_limit_us=None if limit_s is None else round(limit_s * 1_000_000),
    )


class AreaTable(NamedTuple):
    """The zones that count one camera's people, as compiled code reads them.

    Attributes:
        areas: The zones, sorted by id.
        vertices: Shape `(V, 2)`: the polygons, one after the other.
        ends: Shape `(A,)`: where each one's vertices end.
        bounds: Shape `(A, 4)`: x_min, y_min, x_max, y_max.
        in_metres: Shape `(A,)`: whether the polygon is on the floor (m), not in the image (px).
    """

    areas: Sequence[ZoneArea]
    vertices: Matrix
    ends: Indices
    bounds: Matrix
    in_metres: Flags


def counts(area: ZoneArea, camera_id: str) -> bool:
    """Tell whether a zone counts a camera's people."""
    return area.camera_id is None or area.camera_id == camera_id


def table_of(areas: Sequence[ZoneArea]) -> AreaTable:
    """Put zones into arrays."""
    vertices = [vertex for area in areas for vertex in area.polygon]
    return AreaTable(
        areas=areas,
        vertices=np.array(vertices, dtype=np.float64).reshape(-1, 2),
        ends=np.cumsum([len(area.polygon) for area in areas], dtype=np.int64),
        bounds=np.array([area.bounds for area in areas], dtype=np.float64).reshape(-1, 4),
        in_metres=np.array([area.in_metres for area in areas], np.bool_),
    )


@_compiler.compiled
def _between(a: float, b: float, value: float) -> bool:
    return a <= value <= b or b <= value <= a


@_compiler.compiled
def _contains(vertices: Matrix, start: int, end: int, x: float, y: float) -> bool:
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


@_compiler.entry
def standing(
    people: Table[Person], vertices: Matrix, ends: Indices, bounds: Matrix, in_metres: Flags
) -> Standing:
    """Tell who stands in which area.

    Args:
        people: Shape `(P,)` of `PERSON`.
        vertices: Vertices of an `AreaTable`, as all that follows.
        ends: Where each area's vertices end.
        bounds: Bounds of each area.
        in_metres: Whether each area is on the floor.

    Returns:
        Shape `(A, P)`: `INSIDE`, `OUTSIDE` or `UNSEEN`.
    """
    found = np.zeros((len(ends), len(people)), np.int8)
    start = 0
    for area in range(len(ends)):
        for row in range(len(people)):
            person = people[row]
            if person.observed != 1.0:
                found[area, row] = UNSEEN
                continue
            if in_metres[area]:
                x, y = person.x_m, person.y_m
            else:
                x, y = person.foot_x_px, person.foot_y_px
            if (
                bounds[area, 0] <= x <= bounds[area, 2]
                and bounds[area, 1] <= y <= bounds[area, 3]
                and _contains(vertices, start, ends[area], x, y)
            ):
                found[area, row] = INSIDE
        start = ends[area]
    return found


def who_stands(table: AreaTable, people: Structured) -> list[list[int]]:
    """`standing` as lists: for each area, each person."""
    _, vertices, ends, bounds, in_metres = table
    rows: list[list[int]] = standing(people, vertices, ends, bounds, in_metres).tolist()
    return rows
