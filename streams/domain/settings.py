"""Settings of the domain: every duration in seconds or microseconds of event time.

Two folds of one log agree only under the same settings.
"""

from dataclasses import dataclass, field

from schemas.class_settings import ClassSettings
from schemas.evidence_settings import BadgeSettings
from schemas.fusion_settings import FusedFloorSettings
from schemas.shift_settings import ShiftSettings
from schemas.tracker_settings import MotionNoise, MovingTrackerSettings, TrackerSettings

__all__ = [
    "BadgeSettings",
    "ClassSettings",
    "FloorSettings",
    "FusedFloorSettings",
    "MotionNoise",
    "MovingTrackerSettings",
    "PipelineSettings",
    "ShiftSettings",
    "TrackerSettings",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorSettings:
    """Settings of a floor's ticks.

    Attributes:
        allowed_lateness_us: Longest time that a tick waits for a late camera, in event
            time of the floor's newest input, microseconds. A higher value loses fewer late frames
            and delays every record while a camera is late.
        hold_us: How long the last people of a silent camera are kept, microseconds.
        occupancy_period_us: Interval at which occupancy is sent without a change, aligned to the
            epoch, microseconds; a multiple of the tick.
        silence_us: Periodic occupancy stops when the whole floor has been silent for this long,
            microseconds, so that a gap of days is not filled with numbers that nobody measured.
        fuses_cameras: Whether a floor with two or more calibrated cameras is fused.
        fusion: How they are fused.
        takes_reads: Whether reads of badges say who people may be.
        badges: What goes wrong with badges.
        shifts: What is still near a shift.
        census_max_age_us: A census is believed alone for this long after it was counted,
            microseconds.
        role_only: Whether nobody has an id for longer than a stay, nor a place or a name: people
            are counted by role.
        follows_gaps: Whether occupancy says since when gaps are open, who stands in, what ratios
            require and how the counts of people agree, and whether a zone that is not watched has
            no sure gap.
        decides_alerts: Whether rules of alerts are followed.
        classes: Which classes of a detector say which role.
        widens_flow: Whether entries less exits allow for people who appear in a zone or are lost
            in it, and badges are followed from zone to zone at each tick.
        finds_longest: Whether occupancy says when the longest stay began.
        doubts_badges: Whether a badge in two positions at once may open an alert.
    """

    allowed_lateness_us: int = 2_000_000
    hold_us: int = 2_000_000
    occupancy_period_us: int = 10_000_000
    silence_us: int = 60_000_000
    fuses_cameras: bool = True
    fusion: FusedFloorSettings = field(default_factory=FusedFloorSettings)
    takes_reads: bool = True
    badges: BadgeSettings = field(default_factory=BadgeSettings)
    shifts: ShiftSettings = field(default_factory=ShiftSettings)
    census_max_age_us: int = 26 * 3_600_000_000
    role_only: bool = False
    follows_gaps: bool = True
    decides_alerts: bool = True
    classes: ClassSettings = field(default_factory=ClassSettings)
    widens_flow: bool = True
    finds_longest: bool = True
    doubts_badges: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineSettings:
    """Settings of the fold of one partition.

    Attributes:
        tracker: For cameras that are mounted `FIXED`.
        moving_tracker: For those that are mounted `MOVING`.
        floor: For the ticks of floors.
    """

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    moving_tracker: MovingTrackerSettings = field(default_factory=MovingTrackerSettings)
    floor: FloorSettings = field(default_factory=FloorSettings)
