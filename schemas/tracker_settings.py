"""Settings of the tracker, each declared once: name, unit, default, limits and effect.

They are part of a run and saved in its checkpoints: two folds of one log agree only with the same
settings. `Settings.tracking` reads them from the environment and from `wardstream.toml`, the domain
folds with them, and compiled code gets them as one record
(`streams.domain.tracking.parameters`). All durations are in event time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from schemas.declare import setting


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
        1.5,
        "1",
        "A box of score `s` is measured with `1 + score_noise * (1 - s)` times that deviation; 0 "
        "trusts all alike.",
        ge=0,
    )
    position: float = setting(
        0.2, "heights/s^0.5", "Random walk of the centre. Higher follows jerks sooner.", ge=0
    )
    acceleration: float = setting(
        0.4,
        "heights/s/s^0.5",
        "Random walk of the velocity. Higher follows turns sooner and coasts worse.",
        ge=0,
    )
    size: float = setting(0.06, "heights/s^0.5", "Random walk of width and height.", ge=0)
    first_velocity: float = setting(
        1.5, "heights/s", "Standard deviation of a new track's velocity.", ge=0
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackerSettings:
    """How boxes become tracks; all durations are of event time."""

    high_score: float = setting(
        0.6, "0-1", "Detections of this score or more are associated first.", ge=0
    )
    low_score: float = setting(
        0.05,
        "0-1",
        "Detections below it are ignored; those between keep known tracks alive. In the pipeline "
        "inference drops boxes below `inference.score_threshold` before.",
        ge=0,
    )
    birth_score: float = setting(
        0.66, "0-1", "An unmatched detection starts a track if its score is this or more.", ge=0
    )
    hidden_birth_score: float = setting(
        0.15, "0-1", "The same for a detection that is half hidden or more.", ge=0
    )
    match_iou: float = setting(
        0.25, "0-1", "Least overlap of a prediction and a detection of high score.", ge=0
    )
    low_match_iou: float = setting(
        0.3, "0-1", "Least overlap of a prediction and a detection of low score.", ge=0
    )
    tentative_iou: float = setting(
        0.17, "0-1", "Least overlap of a tentative track and a detection of high score.", ge=0
    )
    rescue_buffer: float = setting(
        0.35,
        "of a box's size",
        "In the last round each side of a box is moved out by this part of its size, so that a "
        "person who moved by more than a width is still found; 0 leaves the round out.",
        ge=0,
    )
    rescue_growth: float = setting(
        1.0, "1/s", "Sides are moved out by so much more for each second unseen.", ge=0
    )
    rescue_iou: float = setting(0.37, "0-1", "Least overlap of widened boxes in that round.", ge=0)
    unseen_yield: float = setting(
        0.3,
        "0-1",
        "Part of its claim that a track not seen in the frame before gives up where others want "
        "the same detection. Higher takes fewer boxes from people in front.",
        ge=0,
        le=1,
    )
    height_weight: float = setting(
        0.83,
        "0-1",
        "How much the overlap of heights counts beside that of boxes. Higher separates near and "
        "far people better.",
        ge=0,
    )
    momentum_weight: float = setting(
        0.11,
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
        0.38,
        "0-1",
        "No track starts on a box that overlaps a person seen in the frame by more; 1 lets all "
        "start.",
        ge=0,
    )
    birth_cover: float = setting(
        0.95,
        "0-1",
        "No track starts on a box of which more than this lies in the box of a person seen in "
        "the frame; 1 lets all start.",
        ge=0,
    )
    confirm_hits: int = setting(
        2, "detections", "A track is confirmed after this many matched detections,", ge=1
    )
    confirm_evidence: float = setting(
        1.0,
        "sum of scores",
        "and not before the scores of its detections add up to this,",
        ge=0,
    )
    confirm_after_s: float = setting(0.05, "s", "and not before it is this old.", ge=0)
    confirm_within_s: float = setting(
        2.0, "s", "A track that is not confirmed within this time ends.", gt=0
    )
    tentative_unseen_s: float = setting(
        0.35,
        "s",
        "A tentative track unseen for longer ends at the next frame that does not show it.",
        ge=0,
    )
    lost_after_s: float = setting(
        0.3,
        "s",
        "A confirmed track unseen for longer is lost, except in frames that detection skipped.",
        gt=0,
    )
    presence_s: float = setting(
        0.75,
        "s",
        "Over this time it is averaged in how many of the frames with detection a track is seen.",
        gt=0,
    )
    coast_presence: float = setting(
        0.45,
        "0-1",
        "A track seen in a smaller share of the frames with detection is lost in the first one "
        "that does not show it; 0 lets every track coast.",
        ge=0,
    )
    max_lost_s: float = setting(
        2.0,
        "s",
        "A track unseen for longer ends. Higher bridges longer occlusions and risks giving one "
        "id to two people.",
        gt=0,
    )
    reupdate: bool = setting(False, "switch", "Straighten the filter's path after a gap (OC-SORT).")
    link_within_s: float = setting(
        20.0, "s", "A new track may be linked with one unseen for up to this long.", ge=0
    )
    link_speed: float = setting(
        0.5, "heights/s", "How far away it may start for each second of the gap.", ge=0
    )
    link_score: float = setting(0.3, "0-1", "Least score of a link.", ge=0)
    noise: MotionNoise = field(default_factory=MotionNoise)


def _instead(of: type, name: str, default: Any) -> Any:
    """The same setting with another default."""
    kept = next(one for one in fields(of) if one.name == name)
    return field(default=default, metadata=kept.metadata)


@dataclass(frozen=True, kw_only=True, slots=True)
class MovingNoise(MotionNoise):
    """Noise before a camera that moves: near and far change within moments."""

    position: float = _instead(MotionNoise, "position", 0.25)
    acceleration: float = _instead(MotionNoise, "acceleration", 0.55)
    size: float = _instead(MotionNoise, "size", 0.2)


@dataclass(frozen=True, kw_only=True, slots=True)
class MovingTrackerSettings(TrackerSettings):
    """The settings for a camera that moves, as on a cart; defaults that differ stand here.

    Its boxes jump, so that half-hidden people and tracks that coast are wrong more often.
    """

    birth_score: float = _instead(TrackerSettings, "birth_score", 0.62)
    hidden_birth_score: float = _instead(TrackerSettings, "hidden_birth_score", 0.62)
    coast_presence: float = _instead(TrackerSettings, "coast_presence", 2.0)
    reupdate: bool = _instead(TrackerSettings, "reupdate", True)
    noise: MovingNoise = field(default_factory=MovingNoise)


class _SameAs(NamedTuple):
    """The value that another setting has."""

    name: str


_NEUTRAL: Final[Mapping[str, Any]] = {
    "rescue_growth": 0.0,
    "unseen_yield": 0.0,
    "camera_memory_s": 2.0,  # no value takes the movement whole, as the release before did
    "hidden_birth_score": _SameAs("birth_score"),
    "confirm_evidence": 0.0,
    "coast_presence": 0.0,
    "presence_s": 0.75,  # without effect while `coast_presence` is 0
}
"""For each setting that a release added, the value with which the tracker works as before it.

A checkpoint of an earlier release holds no such setting. A default may change; these stay."""


def with_neutral_values(saved: Mapping[str, Any]) -> dict[str, Any]:
    """A tracker's settings as a checkpoint holds them, with those that a later release added."""
    values = dict(saved)
    for name, neutral in _NEUTRAL.items():
        if isinstance(neutral, _SameAs):
            if neutral.name in values:
                values.setdefault(name, values[neutral.name])
        else:
            values.setdefault(name, neutral)
    return values
