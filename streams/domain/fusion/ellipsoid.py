"""A person as an upright ellipsoid, and the box that a camera sees of it.

The ellipsoid stands on the floor at (x, y): centre `(x, y, height / 2)`, half axes `(radius,
radius, height / 2)`, metres. A projection `P` (3 x 4) maps `[X, Y, Z, 1]` to homogeneous pixels.
The outline is the conic `C = P Q P'` of the dual quadric `Q` (Hartley & Zisserman 2004, section
8.3), and its box follows from `C` in closed form.
"""

import math
from typing import Final

import numpy as np

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

_STEP_M: Final = 1e-3


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
    q0 = p[0, 0] * x + p[0, 1] * y + p[0, 2] * half + p[0, 3]
    q1 = p[1, 0] * x + p[1, 1] * y + p[1, 2] * half + p[1, 3]
    depth = p[2, 0] * x + p[2, 1] * y + p[2, 2] * half + p[2, 3]
    flat, tall = radius * radius, half * half
    c22 = flat * (p[2, 0] ** 2 + p[2, 1] ** 2) + tall * p[2, 2] ** 2 - depth * depth
    c02 = flat * (p[0, 0] * p[2, 0] + p[0, 1] * p[2, 1]) + tall * p[0, 2] * p[2, 2] - q0 * depth
    c12 = flat * (p[1, 0] * p[2, 0] + p[1, 1] * p[2, 1]) + tall * p[1, 2] * p[2, 2] - q1 * depth
    c00 = flat * (p[0, 0] ** 2 + p[0, 1] ** 2) + tall * p[0, 2] ** 2 - q0 * q0
    c11 = flat * (p[1, 0] ** 2 + p[1, 1] ** 2) + tall * p[1, 2] ** 2 - q1 * q1
    if c22 >= -1e-9 or depth <= 0.0:
        box[:] = 0.0
        return -1.0
    half_width = math.sqrt(max(c02 * c02 - c00 * c22, 0.0)) / -c22
    half_height = math.sqrt(max(c12 * c12 - c11 * c22, 0.0)) / -c22
    u, v = c02 / c22, c12 / c22
    box[0] = u - half_width
    box[1] = v - half_height
    box[2] = u + half_width
    box[3] = v + half_height
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
    x, y, height, radius = state[X], state[Y], state[HEIGHT], state[RADIUS]
    depth = box_of(projection, x, y, height, radius, box)
    if depth <= 0.0:
        return depth
    moved = np.empty(4)
    for k in range(4):
        box_of(
            projection,
            x + _STEP_M if k == 0 else x,
            y + _STEP_M if k == 1 else y,
            height + _STEP_M if k == 2 else height,
            radius + _STEP_M if k == 3 else radius,
            moved,
        )
        for edge in range(4):
            slopes[edge, k] = (moved[edge] - box[edge]) / _STEP_M
    return depth


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
