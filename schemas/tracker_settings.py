"""Settings of the tracker, each declared once: name, unit, default, limits and effect.

They are part of a run and saved in its checkpoints: two folds of one log agree only with the same
settings. `Settings.tracking` reads them from the environment and from `wardstream.toml`, the domain
folds with them, and compiled code gets them as one record
(`streams.domain.tracking.parameters`). All durations are in event time.
"""

from dataclasses import dataclass, field
from typing import Any


def setting(default: Any, unit: str, effect: str, **limits: float) -> Any:
    """Declare a setting with its unit and effect.

    Args:
        default: Value when it is not set.
        unit: Physical unit, or the kind of value (`switch`).
        effect: Effect of the setting, in words.
        limits: Pydantic limits such as `gt=0`, which apply to an operator's values.
    """
    return field(
        default=default,
        metadata={"description": effect, "json_schema_extra": {"unit": unit}, **limits},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class MotionNoise:
    """Noise of the motion model, in box heights, so that near and far people move alike."""

    measurement: float = setting(
        0.06,
        "heights",
        "Standard deviation of a detected edge of score 1. Higher trusts boxes less.",
        gt=0,
    )
    score_noise: float = setting(
        1.0,
        "1",
        "A box of score `s` is measured with `1 + score_noise * (1 - s)` times that deviation; 0 "
        "trusts all alike.",
        ge=0,
    )
    position: float = setting(
        0.25, "heights/s^0.5", "Random walk of the centre. Higher follows jerks sooner.", ge=0
    )
    acceleration: float = setting(
        0.55,
        "heights/s/s^0.5",
        "Random walk of the velocity. Higher follows turns sooner and coasts worse.",
        ge=0,
    )
    size: float = setting(0.2, "heights/s^0.5", "Random walk of width and height.", ge=0)
    first_velocity: float = setting(
        1.5, "heights/s", "Standard deviation of a new track's velocity.", ge=0
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackerSettings:
    """How boxes become tracks; all durations are of event time."""

    high_score: float = setting(
        0.55, "0-1", "Detections of this score or more are associated first.", ge=0
    )
    low_score: float = setting(
        0.08, "0-1", "Detections below it are ignored; those between keep known tracks alive.", ge=0
    )
    birth_score: float = setting(
        0.6, "0-1", "An unmatched detection starts a track if its score is this or more.", ge=0
    )
    match_iou: float = setting(
        0.25, "0-1", "Least overlap of a prediction and a detection of high score.", ge=0
    )
    low_match_iou: float = setting(
        0.3, "0-1", "Least overlap of a prediction and a detection of low score.", ge=0
    )
    tentative_iou: float = setting(
        0.2, "0-1", "Least overlap of a tentative track and a detection of high score.", ge=0
    )
    rescue_buffer: float = setting(
        0.4,
        "of a box's size",
        "In the last round each side of a box is moved out by this part of its size, so that a "
        "person who moved by more than a width is still found; 0 leaves the round out.",
        ge=0,
    )
    rescue_growth: float = setting(
        1.0, "1/s", "Sides are moved out by so much more for each second unseen.", ge=0
    )
    rescue_iou: float = setting(0.4, "0-1", "Least overlap of widened boxes in that round.", ge=0)
    unseen_yield: float = setting(
        0.2,
        "0-1",
        "Part of its claim that a track not seen in the frame before gives up where others want "
        "the same detection. Higher takes fewer boxes from people in front.",
        ge=0,
        le=1,
    )
    height_weight: float = setting(
        0.8,
        "0-1",
        "How much the overlap of heights counts beside that of boxes. Higher tells near and far "
        "people apart better.",
        ge=0,
    )
    momentum_weight: float = setting(
        0.15,
        "0-1",
        "Overlap that agreement with a track's direction is worth. Higher keeps ids through "
        "crossings and loses them at turns.",
        ge=0,
    )
    camera_share: float = setting(
        1.0,
        "0-1",
        "Part of the movement that all boxes share which is taken for the camera's own, where "
        "the boxes' errors prove that it moves; 0 takes none.",
        ge=0,
    )
    camera_buffer: float = setting(
        1.0, "of a box's size", "Reach in which that movement is looked for.", ge=0
    )
    camera_memory_s: float = setting(
        2.0,
        "s",
        "An error counts half after this time. Longer is surer of a fixed camera and slower to "
        "see one begin to move a little.",
        gt=0,
    )
    birth_iou: float = setting(
        0.35,
        "0-1",
        "No track starts on a box that overlaps a person seen in the frame by more; 1 lets all "
        "start.",
        ge=0,
    )
    birth_cover: float = setting(
        0.9,
        "0-1",
        "No track starts on a box of which more than this lies in the box of a person seen in "
        "the frame; 1 lets all start.",
        ge=0,
    )
    confirm_hits: int = setting(
        2, "detections", "A track is confirmed after this many matched detections,", ge=1
    )
    confirm_after_s: float = setting(0.05, "s", "and not before it is this old.", ge=0)
    confirm_within_s: float = setting(
        2.0, "s", "A track that is not confirmed within this time ends.", gt=0
    )
    tentative_unseen_s: float = setting(
        0.3,
        "s",
        "A tentative track unseen for longer ends at the next frame that does not show it.",
        ge=0,
    )
    lost_after_s: float = setting(0.5, "s", "A confirmed track unseen for longer is lost.", gt=0)
    max_lost_s: float = setting(
        2.0,
        "s",
        "A track unseen for longer ends. Higher bridges longer occlusions and risks giving one "
        "id to two people.",
        gt=0,
    )
    reupdate: bool = setting(True, "switch", "Straighten the filter's path after a gap (OC-SORT).")
    link_within_s: float = setting(
        20.0, "s", "A new track may be linked with one unseen for up to this long.", ge=0
    )
    link_speed: float = setting(
        0.5, "heights/s", "How far away it may start for each second of the gap.", ge=0
    )
    link_score: float = setting(0.3, "0-1", "Least score of a link.", ge=0)
    noise: MotionNoise = field(default_factory=MotionNoise)
