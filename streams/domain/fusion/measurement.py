"""How well a detected box fits a person, and what it says about the person.

The four edges of a box are four measurements of the state, taken one after another: top, left,
right, bottom. Each is either right up to normal noise, or wrong and then anywhere within a height
of the box. Lengths are in heights of the expected box, so that near and far people count alike.
"""

import math
from typing import Final

import numpy as np

from streams.domain.fusion.ellipsoid import HEIGHT, RADIUS, STATE_SIZE, X, Y, box_and_slopes
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.settings import FusionSettings
from streams.domain.tracking.types import Flags, Matrix, Vector

LEFT: Final = 0
TOP: Final = 1
RIGHT: Final = 2
BOTTOM: Final = 3

IMPOSSIBLE: Final = -1e9
"""Log density of a box that cannot be the person's."""

_ORDER: Final = (TOP, LEFT, RIGHT, BOTTOM)
_SHAPED_BY: Final = (X, Y, HEIGHT, RADIUS)
_EDGE_SHARE: Final = 1.0 / 64.0
"""Boxes that the picture cuts end within this share of its size of its edge."""

_GATE: Final = 3.5
"""An edge that is farther off than this, in standard deviations, is wrong."""

_REACH: Final = 0.7
"""Boxes farther off than this, in heights, are not compared."""

_MOST_WRONG: Final = 1
"""Most wrong edges of a box, the bottom one apart."""

_INV_SQRT_2PI: Final = 1.0 / math.sqrt(2.0 * math.pi)


@compiled
def is_near(detected: Vector, box: Vector) -> bool:
    """Whether a detected box is near enough to a person's box to be compared with it."""
    reach = _REACH * (box[BOTTOM] - box[TOP])
    off = 0.5 * (detected[LEFT] + detected[RIGHT] - box[LEFT] - box[RIGHT])
    return bool(abs(off) <= reach and abs(detected[TOP] - box[TOP]) <= reach)


@compiled
def edge_sd(edge: int, params: FusionSettings) -> float:
    """Standard deviation of an edge, in heights of the box."""
    if edge == TOP:
        return params.top_sd
    if edge == BOTTOM:
        return params.bottom_sd
    return params.side_sd


@compiled
def expected_edge(box: Vector, edge: int, params: FusionSettings) -> float:
    """Where a detector puts an edge of a person's box, px."""
    if edge == BOTTOM:
        return float(box[BOTTOM] + params.bottom_offset * (box[BOTTOM] - box[TOP]))
    return float(box[edge])


@compiled
def edge_roots(
    box: Vector, slopes: Matrix, covariance: Matrix, params: FusionSettings, roots: Matrix
) -> None:
    """Fill in the Cholesky factor of the edges' covariance, in their order of taking, px."""
    high = box[BOTTOM] - box[TOP]
    for q in range(4):
        for i in range(q + 1):
            total = 0.0
            for a in range(4):
                for b in range(4):
                    total += (
                        slopes[_ORDER[q], a]
                        * covariance[_SHAPED_BY[a], _SHAPED_BY[b]]
                        * slopes[_ORDER[i], b]
                    )
            if i == q:
                sd = edge_sd(_ORDER[q], params) * high
                total += sd * sd
            for k in range(i):
                total -= roots[q, k] * roots[i, k]
            if i == q:
                roots[q, q] = math.sqrt(max(total, 1e-6))
            else:
                roots[q, i] = total / roots[i, i]


@compiled
def _is_cut(
    edge: int, seen: float, expected: float, high: float, width: float, size: float
) -> bool:
    """Whether the picture cuts a box at an edge, so that the edge says nothing."""
    if edge in (LEFT, TOP):
        margin = _EDGE_SHARE * (width if edge == LEFT else size)
        return bool(seen < margin and expected < margin + 0.05 * high)
    limit = (1.0 - _EDGE_SHARE) * (width if edge == RIGHT else size)
    return bool(seen > limit and expected > limit - 0.05 * high)


@compiled
def log_density(
    detected: Vector,
    box: Vector,
    roots: Matrix,
    wrong_bottom: float,
    width: float,
    height: float,
    params: FusionSettings,
    used: Flags,
) -> float:
    """Log density of a detected box, per height^4, given the person.

    Args:
        detected: Box of the detection, px.
        box: Expected box, px.
        roots: From `edge_roots`.
        wrong_bottom: Probability that the bottom edge is wrong.
        width: Picture, px.
        height: Picture, px.
        params: Settings.
        used: Filled, shape `(4,)`: which edges say something about the person.
    """
    high = box[BOTTOM] - box[TOP]
    white = np.zeros(4)
    total, wrong = 0.0, 0
    for q in range(4):
        edge = _ORDER[q]
        expected = expected_edge(box, edge, params)
        if _is_cut(edge, detected[edge], expected, high, width, height):
            used[edge] = False
            total += math.log(0.7 * 2.5)  # a usual density of an edge that is right
            continue
        off = detected[edge] - expected
        residual = off
        for k in range(q):
            residual -= roots[q, k] * white[k]
        scaled = residual / roots[q, q]
        outliers = wrong_bottom if edge == BOTTOM else params.outliers
        right = (1.0 - outliers) * _INV_SQRT_2PI * high / roots[q, q]
        right *= math.exp(-0.5 * scaled * scaled)
        if right >= outliers and abs(scaled) < _GATE:
            used[edge] = True
            white[q] = scaled
        else:
            used[edge] = False
            if abs(residual) > high:
                return IMPOSSIBLE
            if edge != BOTTOM:
                wrong += 1
            right = 0.0
        total += math.log(right + outliers)
    if wrong > _MOST_WRONG:
        return IMPOSSIBLE
    return total


@compiled
def correct(
    projection: Matrix,
    mean: Vector,
    covariance: Matrix,
    detected: Vector,
    used: Flags,
    params: FusionSettings,
) -> None:
    """Correct a person by a detected box, in place: one scalar Kalman update for each used edge."""
    box, slopes = np.empty(4), np.empty((4, 4))
    if box_and_slopes(projection, mean, box, slopes) <= 0.0:
        return
    before = mean.copy()
    cross = np.empty(STATE_SIZE)
    for edge in range(4):
        if not used[edge]:
            continue
        for i in range(STATE_SIZE):
            total = 0.0
            for k in range(4):
                total += covariance[i, _SHAPED_BY[k]] * slopes[edge, k]
            cross[i] = total
        sd = edge_sd(edge, params) * (box[BOTTOM] - box[TOP])
        variance = sd * sd
        residual = detected[edge] - expected_edge(box, edge, params)
        for k in range(4):
            at = _SHAPED_BY[k]
            variance += slopes[edge, k] * cross[at]
            residual -= slopes[edge, k] * (mean[at] - before[at])
        for i in range(STATE_SIZE):
            gain = cross[i] / variance
            mean[i] += gain * residual
            for j in range(STATE_SIZE):
                covariance[i, j] -= gain * cross[j]
