"""Settings of the domain: every duration in seconds or microseconds of event time.

The values are part of a run: two folds of one log agree only under the same settings.
"""

from dataclasses import dataclass, field

from schemas.tracker_settings import MotionNoise, TrackerSettings

__all__ = ["FloorSettings", "MotionNoise", "PipelineSettings", "TrackerSettings"]


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
class PipelineSettings:
    """Settings of the fold of one partition."""

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    floor: FloorSettings = field(default_factory=FloorSettings)
