"""Kalman filter of one box in event time: constant velocity for the centre, slow size.

The centre's two axes share their noise, so one 2 x 2 covariance serves both, and the filter is
written out in scalars. Noise is in box heights, as SORT and ByteTrack scale it, but per second
and not per frame: cameras drop frames and run at any rate. Pixels of the captured frame.
"""

from dataclasses import dataclass
from typing import Final

from streams.domain.geometry import Box
from streams.domain.settings import MotionNoise

_MIN_SIZE_PX: Final = 1.0


@dataclass(slots=True)
class Motion:
    """Mean and covariance of one box.

    Attributes:
        x: Centre, px.
        y: Centre, px.
        width: px.
        height: px.
        velocity_x: Of the centre, px/s.
        velocity_y: Of the centre, px/s.
        position_var: Of either coordinate of the centre, px^2.
        covariance: Between a coordinate and its velocity, px^2/s.
        velocity_var: Of either velocity, (px/s)^2.
        size_var: Of width and of height, px^2.
    """

    x: float
    y: float
    width: float
    height: float
    velocity_x: float
    velocity_y: float
    position_var: float
    covariance: float
    velocity_var: float
    size_var: float


def initiate(box: Box, noise: MotionNoise) -> Motion:
    """Begin from one detection, at rest."""
    height = max(box[3] - box[1], _MIN_SIZE_PX)
    measured = noise.measurement * height
    moving = noise.first_velocity * height
    return Motion(
        x=(box[0] + box[2]) / 2.0,
        y=(box[1] + box[3]) / 2.0,
        width=max(box[2] - box[0], _MIN_SIZE_PX),
        height=height,
        velocity_x=0.0,
        velocity_y=0.0,
        position_var=measured * measured,
        covariance=0.0,
        velocity_var=moving * moving,
        size_var=measured * measured,
    )


def predict(motion: Motion, dt_s: float, noise: MotionNoise) -> None:
    """Move on by a time in place; white-noise acceleration plus a random walk.

    Args:
        motion: Changed in place.
        dt_s: Seconds of event time, not negative.
        noise: Of the model.
    """
    square = motion.height * motion.height
    drift = noise.position * noise.position * square * dt_s
    turn = noise.acceleration * noise.acceleration * square * dt_s
    motion.x += motion.velocity_x * dt_s
    motion.y += motion.velocity_y * dt_s
    motion.position_var += (
        dt_s * (2.0 * motion.covariance + dt_s * motion.velocity_var)
        + drift
        + turn * dt_s * dt_s / 3.0
    )
    motion.covariance += dt_s * motion.velocity_var + turn * dt_s / 2.0
    motion.velocity_var += turn
    motion.size_var += noise.size * noise.size * square * dt_s


def update(motion: Motion, box: Box, noise: MotionNoise) -> None:
    """Correct by one detection in place.

    Args:
        motion: Changed in place; as predicted for the time of the detection.
        box: The detection.
        noise: Of the model.
    """
    measured = noise.measurement * motion.height
    measured_var = measured * measured
    spread = motion.position_var + measured_var
    gain = motion.position_var / spread
    velocity_gain = motion.covariance / spread
    off_x = (box[0] + box[2]) / 2.0 - motion.x
    off_y = (box[1] + box[3]) / 2.0 - motion.y
    motion.x += gain * off_x
    motion.y += gain * off_y
    motion.velocity_x += velocity_gain * off_x
    motion.velocity_y += velocity_gain * off_y
    motion.velocity_var -= velocity_gain * motion.covariance
    motion.covariance *= 1.0 - gain
    motion.position_var *= 1.0 - gain
    size_gain = motion.size_var / (motion.size_var + measured_var)
    motion.width += size_gain * (box[2] - box[0] - motion.width)
    motion.height += size_gain * (box[3] - box[1] - motion.height)
    motion.size_var *= 1.0 - size_gain
    motion.width = max(motion.width, _MIN_SIZE_PX)
    motion.height = max(motion.height, _MIN_SIZE_PX)


def box_of(motion: Motion) -> Box:
    """The box at the mean, pixels."""
    half_width = motion.width / 2.0
    half_height = motion.height / 2.0
    return (
        motion.x - half_width,
        motion.y - half_height,
        motion.x + half_width,
        motion.y + half_height,
    )
