"""What the domain can be told: every duration in seconds or microseconds of event time.

The values are part of a run: two folds of one log agree only under the same settings.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class MotionNoise:
    """Noise of the motion model, in box heights, so that near and far people move alike.

    Attributes:
        measurement: Standard deviation of a detected edge of score 1, heights. Higher trusts boxes
            less.
        score_noise: A box of score `s` is measured with `1 + score_noise * (1 - s)` times that
            deviation; 0 trusts all alike.
        position: Random walk of the centre, heights per square root of a second.
        acceleration: Random walk of the velocity, heights/s per square root of a second. Higher
            follows turns sooner and coasts worse.
        size: Random walk of width and height, heights per square root of a second.
        first_velocity: Standard deviation of a newborn's velocity, heights/s.
    """

    measurement: float = 0.06
    score_noise: float = 1.0
    position: float = 0.25
    acceleration: float = 0.55
    size: float = 0.2
    first_velocity: float = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackerSettings:
    """How boxes become tracks.

    Attributes:
        high_score: Detections from this score on are matched first, 0 to 1.
        low_score: Detections below it are ignored; those between keep known tracks alive, 0 to 1.
        birth_score: An unmatched detection begins a track from this score on, 0 to 1.
        match_iou: Least overlap of a prediction and a high detection, 0 to 1.
        low_match_iou: Least overlap of a prediction and a low detection, 0 to 1.
        tentative_iou: Least overlap of a newborn's prediction and a high detection, 0 to 1.
        rescue_buffer: In the last round boxes are widened by this part of their size to each side,
            so that who has moved by more than a width is still found; 0 leaves the round out.
        rescue_growth: How much further they are widened for each second unseen, 1/s.
        rescue_iou: Least overlap of widened boxes in that round, 0 to 1.
        unseen_yield: Part of its claim that a track not seen in the frame before gives up where
            others want the same detection, 0 to 1. Higher takes fewer boxes from those in front.
        height_weight: How much the overlap of heights alone counts beside that of boxes, 0 to 1 and
            above. Higher tells near and far people apart better.
        momentum_weight: Overlap that agreement with a track's direction is worth, 0 to 1. Higher
            keeps ids through crossings and loses them at turns.
        camera_share: Part of the movement that all boxes share which is taken for the camera's, 0
            to 1, where the boxes' errors prove that it moves; 0 does without.
        camera_buffer: Reach in which that movement is looked for, part of a box's size.
        camera_memory_s: Errors count for less as they age, by half after this time, s. Longer is
            surer of a fixed camera and slower to see one begin to move a little.
        birth_iou: No track begins on a box that overlaps a person seen in the frame by more, 0 to
            1; 1 lets all begin.
        birth_cover: No track begins on a box of which more than this lies in the box of a person
            seen in the frame, 0 to 1; 1 lets all begin.
        confirm_hits: A track is confirmed after this many matched detections,
        confirm_after_s: and not before it is this old, s.
        confirm_within_s: A track not confirmed within this time ends, s.
        tentative_unseen_s: A tentative track unseen for longer than this ends at the next frame
            that does not show it, s.
        lost_after_s: A confirmed track unseen for longer than this is lost, s.
        max_lost_s: A track unseen for longer than this ends, s. Higher bridges longer
            occlusions and risks giving one id to two people.
        reupdate: Straighten the filter's path after a gap (OC-SORT).
        link_within_s: A new track may be the sequel of one unseen for up to this long, s.
        link_speed: How far away it may begin, box heights for each second of the gap.
        link_score: Least score of a link that is told, 0 to 1.
        noise: Of the motion model.
    """

    high_score: float = 0.55
    low_score: float = 0.08
    birth_score: float = 0.6
    match_iou: float = 0.25
    low_match_iou: float = 0.3
    tentative_iou: float = 0.2
    rescue_buffer: float = 0.4
    rescue_growth: float = 1.0
    rescue_iou: float = 0.4
    unseen_yield: float = 0.2
    height_weight: float = 0.8
    momentum_weight: float = 0.15
    camera_share: float = 1.0
    camera_buffer: float = 1.0
    camera_memory_s: float = 2.0
    birth_iou: float = 0.35
    birth_cover: float = 0.9
    confirm_hits: int = 2
    confirm_after_s: float = 0.05
    confirm_within_s: float = 2.0
    tentative_unseen_s: float = 0.3
    lost_after_s: float = 0.5
    max_lost_s: float = 2.0
    reupdate: bool = True
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
class PipelineSettings:
    """Settings of the fold of one partition."""

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    floor: FloorSettings = field(default_factory=FloorSettings)
