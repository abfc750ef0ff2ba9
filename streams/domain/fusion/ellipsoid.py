"""A person as an upright ellipsoid, and the box that a camera sees of it.

The ellipsoid stands on the floor at (x, y): centre `(x, y, height / 2)`, half axes `(radius,
radius, height / 2)`, metres. A projection `P` (3 x 4) maps `[X, Y, Z, 1]` to homogeneous pixels.
The outline is the conic `C = P Q P'` of the dual quadric `Q` (Hartley & Zisserman 2004, section
8.3), and its box follows from `C` in closed form.
"""

import math
from typing import Final

from streams.domain.fusion.jit import compiled
from streams.domain.tracking.types import Matrix, Vector

X: Final = 0
Y: Final = 1
VX: Final = 2
VY: Final = 3
HEIGHT: Final = 4
RADIUS: Final = 5
STATE_SIZE: Final = 6
"""A person's state: position (m) and velocity (m/s) on the floor, and size (m)."""

NEAREST_M: Final = 0.2
"""People nearer to the camera than this are not seen."""


@compiled
def box_of(
    projection: Matrix, x: float, y: float, height: float, radius: float, box: Vector
) -> float:
    """Fill in the box `(x_min, y_min, x_max, y_max)` of a person, px; returns the depth.

    The depth is in the units of the projection's last row (metres if its first three numbers
    have length 1), and negative where there is no outline: behind the camera or around it.
    """
    half = 0.5 * height
    p = projection
    depth = p[2, 0] * x + p[2, 1] * y + p[2, 2] * half + p[2, 3]
    flat, tall = radius * radius, half * half
    c22 = flat * (p[2, 0] ** 2 + p[2, 1] ** 2) + tall * p[2, 2] ** 2 - depth * depth
    if c22 >= -1e-9 or depth <= 0.0:
        box[:] = 0.0
        return -1.0
    for axis in range(2):
        q = p[axis, 0] * x + p[axis, 1] * y + p[axis, 2] * half + p[axis, 3]
        both = flat * (p[axis, 0] * p[2, 0] + p[axis, 1] * p[2, 1])
        both += tall * p[axis, 2] * p[2, 2] - q * depth
        own = flat * (p[axis, 0] ** 2 + p[axis, 1] ** 2) + tall * p[axis, 2] ** 2 - q * q
        middle = both / c22
        reach = math.sqrt(max(both * both - own * c22, 0.0)) / -c22
        box[axis] = middle - reach
        box[axis + 2] = middle + reach
    return float(depth)


@compiled
def box_and_slopes(projection: Matrix, state: Vector, box: Vector, slopes: Matrix) -> float:
    """Fill in a person's box and its derivatives; returns the depth as `box_of` does.

    Args:
        projection: Floor metres to pixels.
        state: The person.
        box: Filled, shape `(4,)`, px.
        slopes: Filled, shape `(4, 4)`: edges by x, y, height and radius, px/m.
    """
    radius, half = state[RADIUS], 0.5 * state[HEIGHT]
    p = projection
    flat, tall = radius * radius, half * half
    depth = p[2, 0] * state[X] + p[2, 1] * state[Y] + p[2, 2] * half + p[2, 3]
    flat22, tall22 = p[2, 0] ** 2 + p[2, 1] ** 2, p[2, 2] ** 2
    c22 = flat * flat22 + tall * tall22 - depth * depth
    if c22 >= -1e-9 or depth <= 0.0:
        box[:] = 0.0
        return -1.0
    inverse = 1.0 / c22
    for axis in range(2):
        q = p[axis, 0] * state[X] + p[axis, 1] * state[Y] + p[axis, 2] * half + p[axis, 3]
        flat_both = p[axis, 0] * p[2, 0] + p[axis, 1] * p[2, 1]
        tall_both = p[axis, 2] * p[2, 2]
        flat_own, tall_own = p[axis, 0] ** 2 + p[axis, 1] ** 2, p[axis, 2] ** 2
        both = flat * flat_both + tall * tall_both - q * depth
        own = flat * flat_own + tall * tall_own - q * q
        root = math.sqrt(max(both * both - own * c22, 1e-12))
        middle, reach = both * inverse, -root * inverse
        box[axis] = middle - reach
        box[axis + 2] = middle + reach
        for k in range(4):
            dq = ddepth = dflat = dtall = 0.0
            if k < 2:
                dq, ddepth = p[axis, k], p[2, k]
            elif k == 2:
                dq, ddepth, dtall = 0.5 * p[axis, 2], 0.5 * p[2, 2], half
            else:
                dflat = 2.0 * radius
            d22 = dflat * flat22 + dtall * tall22 - 2.0 * depth * ddepth
            dboth = dflat * flat_both + dtall * tall_both - dq * depth - q * ddepth
            down = dflat * flat_own + dtall * tall_own - 2.0 * q * dq
            droot = (2.0 * both * dboth - down * c22 - own * d22) / (2.0 * root)
            dmiddle = (dboth - middle * d22) * inverse
            dreach = -(droot + reach * d22) * inverse
            slopes[axis, k] = dmiddle - dreach
            slopes[axis + 2, k] = dmiddle + dreach
    return float(depth)


@compiled
def head_on_floor(projection: Matrix, u: float, v: float, height: float, spot: Vector) -> bool:
    """Fill in where a person of a height stands whose head is seen at a pixel; False if nowhere."""
    p = projection
    xu, xv = p[0, 0] - u * p[2, 0], p[1, 0] - v * p[2, 0]
    yu, yv = p[0, 1] - u * p[2, 1], p[1, 1] - v * p[2, 1]
    scale = p[2, 2] * height + p[2, 3]
    right = u * scale - p[0, 2] * height - p[0, 3]
    down = v * scale - p[1, 2] * height - p[1, 3]
    determinant = xu * yv - yu * xv
    if abs(determinant) < 1e-9:
        return False
    spot[0] = (right * yv - yu * down) / determinant
    spot[1] = (xu * down - xv * right) / determinant
    return True
