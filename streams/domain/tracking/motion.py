"""Kalman filter of one box in event time: constant velocity for the centre, slow size.

In the textbook's matrices, for each axis of the centre with state `[p, v]`:

    F = [[1, dt],     Q = a^2 [[dt^3/3, dt^2/2],  + r^2 [[dt, 0],     H = [1, 0]
         [0,  1]]              [dt^2/2, dt    ]]         [0,  0]]

with `a` the noise of acceleration and `r` that of position (Bar-Shalom, Li & Kirubarajan 2001,
section 6.2). Both axes share their noise, so one 2 x 2 covariance `P` serves both, and the filter
is written out in scalars. Noise is in box heights, as SORT and ByteTrack scale it, but per second
and not per frame: cameras drop frames and run at any rate.
"""

import math
from typing import Final

from streams.domain.tracking.jit import compiled
from streams.domain.tracking.parameters import Parameters
from streams.domain.tracking.tables import Measurement, Track

_MIN_SIZE_PX: Final = 1.0
_REUPDATE_STEP_S: Final = 0.1


@compiled
def initiate(track: Track, measurement: Measurement, params: Parameters) -> None:
    """Begin from one detection, at rest."""
    track.x = measurement.x
    track.y = measurement.y
    track.w = max(measurement.w, _MIN_SIZE_PX)
    track.h = max(measurement.h, _MIN_SIZE_PX)
    track.vx = 0.0
    track.vy = 0.0
    measurement_sd = params.noise.measurement * track.h
    velocity_sd = params.noise.first_velocity * track.h
    track.position_var = measurement_sd * measurement_sd
    track.position_velocity_cov = 0.0
    track.velocity_var = velocity_sd * velocity_sd
    track.size_var = measurement_sd * measurement_sd


@compiled
def predict(track: Track, dt_s: float, params: Parameters) -> None:
    """Move on by a time: `x = F x`, `P = F P F' + Q`.

    `Q` is that of continuous time, so two short steps are one long one, and a `rewind` undoes a
    step.
    """
    noise = params.noise
    height2 = track.h * track.h
    position_q = noise.position * noise.position * height2 * dt_s
    velocity_q = noise.acceleration * noise.acceleration * height2 * dt_s
    track.x += track.vx * dt_s
    track.y += track.vy * dt_s
    track.position_var += (
        dt_s * (2.0 * track.position_velocity_cov + dt_s * track.velocity_var)
        + position_q
        + velocity_q * dt_s * dt_s / 3.0
    )
    track.position_velocity_cov += dt_s * track.velocity_var + velocity_q * dt_s / 2.0
    track.velocity_var += velocity_q
    track.size_var += noise.size * noise.size * height2 * dt_s


@compiled
def rewind(track: Track, dt_s: float, params: Parameters) -> None:
    """Undo a `predict` over the same time, during which nothing was measured."""
    noise = params.noise
    height2 = track.h * track.h
    position_q = noise.position * noise.position * height2 * dt_s
    velocity_q = noise.acceleration * noise.acceleration * height2 * dt_s
    track.size_var -= noise.size * noise.size * height2 * dt_s
    track.velocity_var -= velocity_q
    track.position_velocity_cov -= dt_s * track.velocity_var + velocity_q * dt_s / 2.0
    track.position_var -= (
        dt_s * (2.0 * track.position_velocity_cov + dt_s * track.velocity_var)
        + position_q
        + velocity_q * dt_s * dt_s / 3.0
    )
    track.x -= track.vx * dt_s
    track.y -= track.vy * dt_s


@compiled
def update(
    track: Track, x: float, y: float, w: float, h: float, score: float, params: Parameters
) -> None:
    """Correct by one measurement: `K = P H' / S`, `x += K (z - H x)`, `P -= K H P`.

    Args:
        track: Predicted for the time of the measurement; changed in place.
        x: Centre, px.
        y: Centre, px.
        w: Width, px.
        h: Height, px.
        score: Confidence, 0 to 1: a doubtful box is measured less well (after NSA, Du et al. 2021,
            arXiv:2105.08723).
        params: Settings.
    """
    noise = params.noise
    measurement_sd = noise.measurement * track.h * (1.0 + noise.score_noise * (1.0 - score))
    measurement_var = measurement_sd * measurement_sd
    innovation_var = track.position_var + measurement_var
    gain = track.position_var / innovation_var
    velocity_gain = track.position_velocity_cov / innovation_var
    innovation_x = x - track.x
    innovation_y = y - track.y
    track.x += gain * innovation_x
    track.y += gain * innovation_y
    track.vx += velocity_gain * innovation_x
    track.vy += velocity_gain * innovation_y
    track.velocity_var -= velocity_gain * track.position_velocity_cov
    track.position_velocity_cov *= 1.0 - gain
    track.position_var *= 1.0 - gain
    size_gain = track.size_var / (track.size_var + measurement_var)
    track.w += size_gain * (w - track.w)
    track.h += size_gain * (h - track.h)
    track.size_var *= 1.0 - size_gain
    track.w = max(track.w, _MIN_SIZE_PX)
    track.h = max(track.h, _MIN_SIZE_PX)


@compiled
def reupdate(track: Track, unseen_s: float, measurement: Measurement, params: Parameters) -> None:
    """Replay the time unseen along a straight line from the last detection to this one.

    Observation-centric re-update (Cao et al. 2023, OC-SORT, arXiv:2203.14360): a filter left to
    coast gathers error in its velocity; virtual measurements on the way take it out. On return
    the filter is predicted for now; the detection itself is still to be taken in.

    Args:
        track: Predicted for now; changed in place.
        unseen_s: Time since the last matched detection, s.
        measurement: The detection that ends the gap.
        params: Settings.
    """
    rewind(track, unseen_s, params)
    steps = math.ceil(unseen_s / _REUPDATE_STEP_S)
    step_s = unseen_s / steps
    for k in range(1, steps):
        part = k / steps
        predict(track, step_s, params)
        update(
            track,
            track.last_x + part * (measurement.x - track.last_x),
            track.last_y + part * (measurement.y - track.last_y),
            track.last_w + part * (measurement.w - track.last_w),
            track.last_h + part * (measurement.h - track.last_h),
            1.0,
            params,
        )
    predict(track, step_s, params)
