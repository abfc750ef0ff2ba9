"""Project image pixels to the floor, one point at a time; `people.locate` does it for a table."""

import math
from collections.abc import Sequence
from typing import NamedTuple

_MIN_DEPTH = 1e-9


class FloorPoint(NamedTuple):
    """A point on the floor.

    Attributes:
        x_m: First floor coordinate, metres.
        y_m: Second floor coordinate, metres.
        sd_m: Standard deviation, root mean square over both axes, metres.
    """

    x_m: float
    y_m: float
    sd_m: float


def project(
    homography: Sequence[float], u_px: float, v_px: float, variance_px2: float
) -> FloorPoint | None:
    """Map a foot point to the floor, and its uncertainty with the first derivative.

    Args:
        homography: Homography as nine numbers that `check_homography` accepts.
        u_px: Image coordinate to the right, px.
        v_px: Image coordinate downwards, px.
        variance_px2: Variance of either coordinate, px².

    Returns:
        None for a point on the horizon, which has no point on the floor.
    """
    a, b, c, d, e, f, g, h, i = homography
    depth = g * u_px + h * v_px + i
    if abs(depth) < _MIN_DEPTH:
        return None
    x = (a * u_px + b * v_px + c) / depth
    y = (d * u_px + e * v_px + f) / depth
    xu, xv = (a - x * g) / depth, (b - x * h) / depth
    yu, yv = (d - y * g) / depth, (e - y * h) / depth
    sd = math.sqrt(variance_px2 * (xu * xu + xv * xv + yu * yu + yv * yv) / 2.0)
    if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(sd)):
        return None
    return FloorPoint(x, y, sd)


def to_millimetre(value_m: float) -> float:
    """Round metres to 1/1000; `round` gives an integer, ties to even, so no negative zero."""
    return round(value_m * 1000.0) / 1000.0
