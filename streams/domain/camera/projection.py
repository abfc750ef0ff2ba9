"""From image pixels to the floor: the homography of a camera's registry version.

`[x, y, 1] ~ H [u, v, 1]` with H row by row; u right and v down in pixels of the captured frame,
x and y in metres on the floor.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

_MIN_DEPTH = 1e-9


class FloorPoint(NamedTuple):
    """A point on the floor.

    Attributes:
        x_m: Metres.
        y_m: Metres.
        sd_m: Standard deviation, metres, root mean square over both axes.
    """

    x_m: float
    y_m: float
    sd_m: float


def check_homography(homography: Sequence[float] | None) -> None:
    """Refuse a homography that maps no area onto the floor.

    Raises:
        ValueError: Not nine finite numbers, or a singular matrix.
    """
    if homography is None:
        return
    if len(homography) != 9:
        raise ValueError(f"a homography has nine numbers, not {len(homography)}")
    if not all(math.isfinite(value) for value in homography):
        raise ValueError("a homography has finite numbers only")
    a, b, c, d, e, f, g, h, i = homography
    if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) == 0.0:
        raise ValueError("the homography is singular")


def project(
    homography: Sequence[float], u_px: float, v_px: float, variance_px2: float
) -> FloorPoint | None:
    """Map a foot point to the floor, its uncertainty by the first derivative.

    Args:
        homography: Nine numbers, as `check_homography` accepts them.
        u_px: Right, pixels.
        v_px: Down, pixels.
        variance_px2: Variance of either coordinate, square pixels.

    Returns:
        None for a point on the horizon, which is nowhere on the floor.
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
