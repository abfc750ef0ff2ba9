"""Kalman filter of one box in event time: constant velocity for the centre, slow size.

The centre's two axes share their noise, so one 2 x 2 covariance serves both, and the filter is
written out in scalars. Noise is in box heights, as SORT and ByteTrack scale it, but per second
and not per frame: cameras drop frames and run at any rate. Pixels of the captured frame.
"""

import math
from typing import Final

from streams.domain.tracking import columns as c
from streams.domain.tracking import parameters as p
from streams.domain.tracking.jit import compiled
from streams.domain.tracking.types import Matrix, Vector

_MIN_SIZE_PX: Final = 1.0
_REUPDATE_STEP_S: Final = 0.1


@compiled
def initiate(rows: Matrix, i: int, shapes: Matrix, j: int, params: Vector) -> None:
    """Begin from one detection, at rest."""
    rows[i, c.X] = shapes[j, c.AT_X]
    rows[i, c.Y] = shapes[j, c.AT_Y]
    rows[i, c.W] = max(shapes[j, c.AT_W], _MIN_SIZE_PX)
    rows[i, c.H] = max(shapes[j, c.AT_H], _MIN_SIZE_PX)
    rows[i, c.VX] = 0.0
    rows[i, c.VY] = 0.0
    measured = params[p.MEASUREMENT] * rows[i, c.H]
    moving = params[p.FIRST_VELOCITY] * rows[i, c.H]
    rows[i, c.POSITION_VAR] = measured * measured
    rows[i, c.COVARIANCE] = 0.0
    rows[i, c.VELOCITY_VAR] = moving * moving
    rows[i, c.SIZE_VAR] = measured * measured


@compiled
def predict(rows: Matrix, i: int, dt_s: float, params: Vector) -> None:
    """Move on by a time in place: white-noise acceleration plus a random walk.

    The step is that of continuous time, so two short ones are one long one, and one back undoes
    one forth.
    """
    square = rows[i, c.H] * rows[i, c.H]
    drift = params[p.POSITION] * params[p.POSITION] * square * dt_s
    turn = params[p.ACCELERATION] * params[p.ACCELERATION] * square * dt_s
    rows[i, c.X] += rows[i, c.VX] * dt_s
    rows[i, c.Y] += rows[i, c.VY] * dt_s
    rows[i, c.POSITION_VAR] += (
        dt_s * (2.0 * rows[i, c.COVARIANCE] + dt_s * rows[i, c.VELOCITY_VAR])
        + drift
        + turn * dt_s * dt_s / 3.0
    )
    rows[i, c.COVARIANCE] += dt_s * rows[i, c.VELOCITY_VAR] + turn * dt_s / 2.0
    rows[i, c.VELOCITY_VAR] += turn
    rows[i, c.SIZE_VAR] += params[p.SIZE] * params[p.SIZE] * square * dt_s


@compiled
def rewind(rows: Matrix, i: int, dt_s: float, params: Vector) -> None:
    """Undo a `predict` over the same time, during which nothing was measured."""
    square = rows[i, c.H] * rows[i, c.H]
    drift = params[p.POSITION] * params[p.POSITION] * square * dt_s
    turn = params[p.ACCELERATION] * params[p.ACCELERATION] * square * dt_s
    rows[i, c.SIZE_VAR] -= params[p.SIZE] * params[p.SIZE] * square * dt_s
    rows[i, c.VELOCITY_VAR] -= turn
    rows[i, c.COVARIANCE] -= dt_s * rows[i, c.VELOCITY_VAR] + turn * dt_s / 2.0
    rows[i, c.POSITION_VAR] -= (
        dt_s * (2.0 * rows[i, c.COVARIANCE] + dt_s * rows[i, c.VELOCITY_VAR])
        + drift
        + turn * dt_s * dt_s / 3.0
    )
    rows[i, c.X] -= rows[i, c.VX] * dt_s
    rows[i, c.Y] -= rows[i, c.VY] * dt_s


@compiled
def update(
    rows: Matrix, i: int, x: float, y: float, w: float, h: float, sure: float, params: Vector
) -> None:
    """Correct by one detection in place, as predicted for its time.

    Args:
        rows: The live tracks.
        i: Row.
        x: Centre of the detection, px.
        y: Centre of the detection, px.
        w: Width of the detection, px.
        h: Height of the detection, px.
        sure: Its score, 0 to 1: a doubtful box is measured less well (after NSA, Du et al. 2021,
            arXiv:2105.08723).
        params: Settings.
    """
    measured = params[p.MEASUREMENT] * rows[i, c.H] * (1.0 + params[p.SCORE_NOISE] * (1.0 - sure))
    measured_var = measured * measured
    spread = rows[i, c.POSITION_VAR] + measured_var
    gain = rows[i, c.POSITION_VAR] / spread
    velocity_gain = rows[i, c.COVARIANCE] / spread
    off_x = x - rows[i, c.X]
    off_y = y - rows[i, c.Y]
    rows[i, c.X] += gain * off_x
    rows[i, c.Y] += gain * off_y
    rows[i, c.VX] += velocity_gain * off_x
    rows[i, c.VY] += velocity_gain * off_y
    rows[i, c.VELOCITY_VAR] -= velocity_gain * rows[i, c.COVARIANCE]
    rows[i, c.COVARIANCE] *= 1.0 - gain
    rows[i, c.POSITION_VAR] *= 1.0 - gain
    size_gain = rows[i, c.SIZE_VAR] / (rows[i, c.SIZE_VAR] + measured_var)
    rows[i, c.W] += size_gain * (w - rows[i, c.W])
    rows[i, c.H] += size_gain * (h - rows[i, c.H])
    rows[i, c.SIZE_VAR] *= 1.0 - size_gain
    rows[i, c.W] = max(rows[i, c.W], _MIN_SIZE_PX)
    rows[i, c.H] = max(rows[i, c.H], _MIN_SIZE_PX)


@compiled
def reupdate(rows: Matrix, i: int, unseen_s: float, shapes: Matrix, j: int, params: Vector) -> None:
    """Replay the time unseen along a straight line from the last sight to this detection.

    Observation-centric re-update (Cao et al. 2023, OC-SORT, arXiv:2203.14360): a filter left to
    coast gathers error in its velocity; virtual observations on the way take it out. On return
    the filter is predicted for now; the detection itself is still to be taken in.
    """
    rewind(rows, i, unseen_s, params)
    steps = math.ceil(unseen_s / _REUPDATE_STEP_S)
    step_s = unseen_s / steps
    for k in range(1, steps):
        part = k / steps
        predict(rows, i, step_s, params)
        update(
            rows,
            i,
            rows[i, c.SEEN_X] + part * (shapes[j, c.AT_X] - rows[i, c.SEEN_X]),
            rows[i, c.SEEN_Y] + part * (shapes[j, c.AT_Y] - rows[i, c.SEEN_Y]),
            rows[i, c.SEEN_W] + part * (shapes[j, c.AT_W] - rows[i, c.SEEN_W]),
            rows[i, c.SEEN_H] + part * (shapes[j, c.AT_H] - rows[i, c.SEEN_H]),
            1.0,
            params,
        )
    predict(rows, i, step_s, params)
