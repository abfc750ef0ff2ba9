"""How well a detected box fits a person, and what it says about the person.

The four edges of a box are four measurements of the state, taken one after another: top, left,
right, bottom. Each is either right up to normal noise, or wrong and then anywhere within a height
of the box. Lengths are in heights of the expected box, so that near and far people count alike.
"""

import math
from typing import Final

from streams.domain.fusion.ellipsoid import HEIGHT, RADIUS, STATE_SIZE, X, Y
from streams.domain.fusion.jit import compiled
from streams.domain.fusion.settings import FusionSettings
from streams.domain.tracking.types import Matrix, Vector

LEFT: Final = 0
TOP: Final = 1
RIGHT: Final = 2
BOTTOM: Final = 3

WRONG_TOP: Final = 1 << 4
"""The mark, beside those of the edges that count, of a top edge that is wrong."""

IMPOSSIBLE: Final = -1e9
"""Log density of a box that cannot be the person's."""

_ORDER: Final = (TOP, LEFT, RIGHT, BOTTOM)
_EDGE_SHARE: Final = 1.0 / 64.0
"""Boxes that the picture cuts end within this share of its size of its edge."""

_GATE: Final = 3.5
"""An edge that is farther off than this, in standard deviations, is wrong."""

_MOST_WRONG: Final = 1
"""Most wrong edges of a box, the bottom one apart."""

_INV_SQRT_2PI: Final = 1.0 / math.sqrt(2.0 * math.pi)


@compiled
def is_near(detected: Vector, box: Vector, params: FusionSettings) -> bool:
    """Whether a detected box is near enough to a person's box to be compared with it."""
    reach = params.reach * (box[BOTTOM] - box[TOP])
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
def _spread(
    covariance: Matrix, sx: float, sy: float, sh: float, sr: float
) -> tuple[float, float, float, float]:
    """Covariance of an edge with x, y, height and radius."""
    c = covariance
    return (
        c[X, X] * sx + c[X, Y] * sy + c[X, HEIGHT] * sh + c[X, RADIUS] * sr,
        c[Y, X] * sx + c[Y, Y] * sy + c[Y, HEIGHT] * sh + c[Y, RADIUS] * sr,
        c[HEIGHT, X] * sx + c[HEIGHT, Y] * sy + c[HEIGHT, HEIGHT] * sh + c[HEIGHT, RADIUS] * sr,
        c[RADIUS, X] * sx + c[RADIUS, Y] * sy + c[RADIUS, HEIGHT] * sh + c[RADIUS, RADIUS] * sr,
    )


@compiled
def edge_roots(
    box: Vector, slopes: Matrix, covariance: Matrix, params: FusionSettings, roots: Matrix
) -> None:
    """Fill in the Cholesky factor of the edges' covariance, in their order of taking, px.

    The diagonal holds the inverse of what it would be.
    """
    high = box[BOTTOM] - box[TOP]
    for q in range(4):
        sx, sy = slopes[_ORDER[q], 0], slopes[_ORDER[q], 1]
        sh, sr = slopes[_ORDER[q], 2], slopes[_ORDER[q], 3]
        by_x, by_y, by_h, by_r = _spread(covariance, sx, sy, sh, sr)
        for i in range(q + 1):
            other = _ORDER[i]
            total = by_x * slopes[other, 0] + by_y * slopes[other, 1]
            total += by_h * slopes[other, 2] + by_r * slopes[other, 3]
            for k in range(i):
                total -= roots[q, k] * roots[i, k]
            if i == q:
                sd = edge_sd(_ORDER[q], params) * high
                roots[q, q] = 1.0 / math.sqrt(max(total + sd * sd, 1e-6))
            else:
                roots[q, i] = total * roots[i, i]


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
) -> tuple[float, int]:
    """Log density of a detected box, per height^4, given the person; and which edges count.

    Args:
        detected: Box of the detection, px.
        box: Expected box, px.
        roots: From `edge_roots`.
        wrong_bottom: Probability that the bottom edge is wrong.
        width: Picture, px.
        height: Picture, px.
        params: Settings.

    Returns:
        The log density, and the edges that say something about the person, as bits, with
        `WRONG_TOP` where the top edge is wrong.
    """
    high = box[BOTTOM] - box[TOP]
    white0 = white1 = white2 = 0.0
    product, wrong, used = 1.0, 0, 0
    for q in range(4):
        edge = _ORDER[q]
        expected = expected_edge(box, edge, params)
        if _is_cut(edge, detected[edge], expected, high, width, height):
            product *= 0.7 * 2.5  # a usual density of an edge that is right
            continue
        residual = detected[edge] - expected
        residual -= roots[q, 0] * white0 if q > 0 else 0.0
        residual -= roots[q, 1] * white1 if q > 1 else 0.0
        residual -= roots[q, 2] * white2 if q > 2 else 0.0
        scaled = residual * roots[q, q]
        outliers = wrong_bottom if edge == BOTTOM else params.outliers
        right = 0.0
        if abs(scaled) < _GATE:
            right = (1.0 - outliers) * _INV_SQRT_2PI * high * roots[q, q]
            right *= math.exp(-0.5 * scaled * scaled)
        if right >= outliers:
            used |= 1 << edge
            if q == 0:
                white0 = scaled
            elif q == 1:
                white1 = scaled
            elif q == 2:
                white2 = scaled
        else:
            if abs(residual) > high:
                return IMPOSSIBLE, 0
            if edge == TOP:
                used |= WRONG_TOP
            if edge != BOTTOM:
                wrong += 1
                if wrong > _MOST_WRONG:
                    return IMPOSSIBLE, 0
            right = 0.0
        product *= right + outliers
    return math.log(product), used


@compiled
def correct(
    box: Vector,
    slopes: Matrix,
    mean: Vector,
    covariance: Matrix,
    detected: Vector,
    used: int,
    params: FusionSettings,
    work: Matrix,
) -> None:
    """Correct a person by a detected box, in place: one scalar Kalman update for each used edge.

    A wrong top edge makes the height less certain: people who sit down or stand up have one in
    all cameras, so that the next ones are taken for right.

    Args:
        box: Box that was expected, px.
        slopes: Its derivatives.
        mean: The person's state.
        covariance: Its covariance.
        detected: Box of the detection, px.
        used: The edges to be used, as bits.
        params: Settings.
        work: Room to work in, shape `(2, STATE_SIZE)`.
    """
    moved, cross = work[0], work[1]
    for i in range(STATE_SIZE):
        moved[i] = 0.0
    high = box[BOTTOM] - box[TOP]
    for edge in range(4):
        if not (used >> edge) & 1:
            continue
        sx, sy, sh, sr = slopes[edge, 0], slopes[edge, 1], slopes[edge, 2], slopes[edge, 3]
        for i in range(STATE_SIZE):
            cross[i] = (
                covariance[X, i] * sx
                + covariance[Y, i] * sy
                + covariance[HEIGHT, i] * sh
                + covariance[RADIUS, i] * sr
            )
        sd = edge_sd(edge, params) * high
        variance = sd * sd
        variance += sx * cross[X] + sy * cross[Y] + sh * cross[HEIGHT] + sr * cross[RADIUS]
        residual = detected[edge] - expected_edge(box, edge, params)
        residual -= sx * moved[X] + sy * moved[Y] + sh * moved[HEIGHT] + sr * moved[RADIUS]
        inverse = 1.0 / variance
        for i in range(STATE_SIZE):
            gain = cross[i] * inverse
            moved[i] += gain * residual
            for j in range(STATE_SIZE):
                covariance[i, j] -= gain * cross[j]
    for i in range(STATE_SIZE):
        mean[i] += moved[i]
    if used & WRONG_TOP:
        covariance[HEIGHT, HEIGHT] += params.size_jump_m * params.size_jump_m
