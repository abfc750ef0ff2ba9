"""What the domain can be told: every duration in seconds or microseconds of event time.

The values are part of a run: two folds of one log agree only under the same settings.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class MotionNoise:
    """Noise of the motion model, in box heights, so that near and far people move alike.

    Attributes:
        measurement: Standard deviation of a detected edge, heights. Higher trusts boxes less.
        position: Random walk of the centre, heights per square root of a second.
        acceleration: Random walk of the velocity, heights/s per square root of a second. Higher
            follows turns sooner and coasts worse.
        size: Random walk of width and height, heights per square root of a second.
        first_velocity: Standard deviation of a newborn's velocity, heights/s.
    """

    measurement: float = 0.05
    position: float = 0.1
    acceleration: float = 0.3
    size: float = 0.2
    first_velocity: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackerSettings:
    """How boxes become tracks."""

    high_score: float = 0.5
    low_score: float = 0.1
    birth_score: float = 0.6
    match_iou: float = 0.2
    low_match_iou: float = 0.5
    tentative_iou: float = 0.3
    buffer: float = 0.0
    buffer_sigma: float = 0.0
    rescue_buffer: float = 0.0
    rescue_iou: float = 0.2
    score_weight: float = 0.0
    height_weight: float = 0.0
    momentum_weight: float = 0.0
    birth_iou: float = 1.0
    confirm_hits: int = 3
    confirm_after_s: float = 0.0
    confirm_within_s: float = 2.0
    tentative_unseen_s: float = 0.15
    lost_after_s: float = 0.5
    max_lost_s: float = 2.0
    low_rescues_lost: bool = False
    reupdate: bool = False
    score_noise: float = 0.0
    link_within_s: float = 20.0
    link_speed: float = 0.5
    link_score: float = 0.3
    noise: MotionNoise = field(default_factory=MotionNoise)


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorSettings:
    """How a floor's ticks close.

    Attributes:
        allowed_lateness_us: A tick waits this long, in event time of the floor's newest input,
            for a camera that is behind, microseconds. Higher loses fewer late frames and delays
            every answer while a camera is behind.
        hold_us: A camera's last people stand this long without news of it, microseconds.
        occupancy_period_us: Occupancy is sent at least this often, aligned to the epoch,
            microseconds; a multiple of the tick.
        silence_us: Periodic occupancy stops when the whole floor has been silent for this long,
            microseconds, so that a gap of days is not filled with numbers nobody measured.
    """

    allowed_lateness_us: int = 2_000_000
    hold_us: int = 2_000_000
    occupancy_period_us: int = 10_000_000
    silence_us: int = 60_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LineSettings:
    """Settings of the fold of one partition."""

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    floor: FloorSettings = field(default_factory=FloorSettings)
