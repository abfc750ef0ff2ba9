"""Where a picture of a floor's plan lies on the floor.

A picture is turned, scaled alike in both directions, and moved: two points whose places are known
say how. Frames: the picture's (u to the right, v down, px) and the floor's (x, y a quarter turn
counterclockwise from it, m).
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from workers.registry.text import shown
from workers.registry.values import from_text, named, whole

PLACING: Final = 2
"""So many points place a picture; those after them check it."""

MOST_POINTS: Final = 10

MOST_SIDE_PX: Final = 4096
"""A picture that is kept is this large at most."""

LEAST_APART_PX: Final = 20.0
LEAST_APART_M: Final = 0.2

_LEAST_M_PER_PX: Final = 0.0002
_MOST_M_PER_PX: Final = 2.0
_MOST_M: Final = 100_000.0
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAMES: Final = ("sha256", "width_px", "height_px", "points")
_OF_POINT: Final = ("u", "v", "x_m", "y_m")


class Placement(NamedTuple):
    """From pixels of a picture to metres of the floor: x = a u + b v + x0, y = b u - a v + y0.

    Attributes:
        a: Metres per pixel, times the cosine of the turn.
        b: Metres per pixel, times the sine of the turn.
        x0: x of the picture's upper left corner, m.
        y0: y of the picture's upper left corner, m.
    """

    a: float
    b: float
    x0: float
    y0: float

    @property
    def metres_per_px(self) -> float:
        """How long a pixel is on the floor, m."""
        return math.hypot(self.a, self.b)

    def at(self, u: float, v: float) -> tuple[float, float]:
        """Where a point of the picture lies on the floor, m."""
        return self.a * u + self.b * v + self.x0, self.b * u - self.a * v + self.y0


def placement_of(points: Sequence[Mapping[str, Any]]) -> Placement:
    """How the first two points place a picture.

    Args:
        points: Each with `u`, `v` (px), `x_m` and `y_m` (m).

    Raises:
        ValueError: There are not two, or they are too near to each other.
    """
    if len(points) < PLACING:
        raise ValueError("two points with known places are needed to place the picture")
    one, two = points[0], points[1]
    du, dv = two["u"] - one["u"], one["v"] - two["v"]
    dx, dy = two["x_m"] - one["x_m"], two["y_m"] - one["y_m"]
    if math.hypot(du, dv) < LEAST_APART_PX:
        raise ValueError(
            f"the first two points are less than {LEAST_APART_PX:g} px apart: choose two that lie "
            "far from each other"
        )
    if math.hypot(dx, dy) < LEAST_APART_M:
        raise ValueError(
            f"the first two points are less than {LEAST_APART_M:g} m apart on the floor: choose "
            "two that lie far from each other"
        )
    square = du * du + dv * dv
    a, b = (dx * du + dy * dv) / square, (dy * du - dx * dv) / square
    return Placement(
        a, b, one["x_m"] - a * one["u"] - b * one["v"], one["y_m"] - b * one["u"] + a * one["v"]
    )


def errors_m(points: Sequence[Mapping[str, Any]]) -> list[float]:
    """How far each point after the first two lies from where these two put it, m.

    Raises:
        ValueError: As in `placement_of`.
    """
    placement = placement_of(points)
    return [
        math.dist(placement.at(one["u"], one["v"]), (one["x_m"], one["y_m"]))
        for one in points[PLACING:]
    ]


def describe_drawing(given: Mapping[str, Any]) -> str:
    """A picture, its size on the floor, and how far its further points are off."""
    scale = placement_of(given["points"]).metres_per_px
    width, height = given["width_px"], given["height_px"]
    text = f"of {width} x {height} px, {width * scale:.1f} x {height * scale:.1f} m"
    off = errors_m(given["points"])
    return f"{text}, whose further points are {max(off) * 100:.0f} cm off" if off else text


def drawing(value: Any) -> dict[str, Any] | None:
    """A picture and its points; None for an empty list, which takes it away.

    Raises:
        ValueError: It is neither; the message names the part.
    """
    given = from_text(value)
    if given in ([], {}):
        return None
    if not isinstance(given, dict):
        raise ValueError(f"{shown(value)} is not a drawing with {', '.join(_NAMES)}")  # noqa: TRY004
    _check_names(given, _NAMES)
    sha256 = given["sha256"]
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"sha256: {shown(sha256)} is not 64 digits 0 to 9 and a to f")
    width, height = (_side(name, given[name]) for name in ("width_px", "height_px"))
    points = _points(given["points"], width, height)
    scale = placement_of(points).metres_per_px
    if not _LEAST_M_PER_PX <= scale <= _MOST_M_PER_PX:
        raise ValueError(
            f"points: a pixel would be {scale:.3g} m long, and {_LEAST_M_PER_PX:g} to "
            f"{_MOST_M_PER_PX:g} m are taken: check the places of the first two points"
        )
    return {"sha256": sha256, "width_px": width, "height_px": height, "points": points}


def _points(value: Any, width: int, height: int) -> list[dict[str, float]]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"points: {shown(value)} is not a list of points")  # noqa: TRY004
    if len(value) > MOST_POINTS:
        raise ValueError(f"points: holds {len(value)}; {MOST_POINTS} are the most")
    points = []
    for number, one in enumerate(value, 1):
        try:
            points.append(_point(one, width, height))
        except ValueError as error:
            raise ValueError(f"points: point {number}: {error}") from error
    return points


def _point(given: Any, width: int, height: int) -> dict[str, float]:
    if not isinstance(given, dict):
        raise ValueError(f"{shown(given)} is not a point with {', '.join(_OF_POINT)}")  # noqa: TRY004
    _check_names(given, _OF_POINT)
    point = {name: named(name, given[name]) for name in _OF_POINT}
    for name, most in (("u", width), ("v", height)):
        if not 0 <= point[name] <= most:
            raise ValueError(f"{name}: {point[name]:g} is beside the picture, 0 to {most} px")
    for name in ("x_m", "y_m"):
        if abs(point[name]) > _MOST_M:
            raise ValueError(f"{name}: {point[name]:g} m is further away than {_MOST_M:g} m")
    return point


def _side(name: str, value: Any) -> int:
    try:
        found = whole(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    if not 1 <= found <= MOST_SIDE_PX:
        raise ValueError(f"{name}: {found} is not 1 to {MOST_SIDE_PX} px")
    return found


def _check_names(given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if given.get(name) in (None, ""):
            raise ValueError(f"{name}: is missing")
    for name in given:
        if name not in names:
            raise ValueError(f"{shown(name)} is none of {', '.join(names)}")
